"""The mark of a tenant: it stands in each of its rows, and wherever another one's is found, something leaked."""

from __future__ import annotations

import re

NOBODY = 99
"""The mark with this number is no tenant's: what carries it was done for a message or a key that should have been refused."""
_MARK = re.compile(rb"zzmark(\d\d)zz", re.IGNORECASE)
_IN_HEX = re.compile(rb"7a7a6d61726b3(\d)3(\d)7a7a")
# What PostgreSQL is asked: the same two, for rows as text, in which bytes are hexadecimal.
SQL_PATTERN = "zzmark[0-9][0-9]zz|7a7a6d61726b3[0-9]3[0-9]7a7a"


def mark(number: int) -> str:
    """Return the mark of the tenant with that number: fit for slugs, addresses, file names and words."""
    return f"zzmark{number:02d}zz"


def numbers(text: bytes | str) -> set[int]:
    """Return the numbers of all tenants whose marks are in ``text``."""
    body = text.encode() if isinstance(text, str) else text
    found = {int(number) for number in _MARK.findall(body)}
    return found | {int(tens + ones) for tens, ones in _IN_HEX.findall(body)}
