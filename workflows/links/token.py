"""What stands in a link: the approval, the person, when it ends and how things stood, signed for this tenant. Pure.

A token begins like an API key, so that whatever takes secrets out of logs and reports takes it out, too.
"""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from nexod.kernel import signing
from nexod.kernel.errors import NotFound

PURPOSE = "approval-link"
PREFIX = "nxd_"
STANDING_BYTES = 16
_LAYOUT = struct.Struct(f">16s16sI{STANDING_BYTES}s")
_LENGTH = 70
"""Characters of the layout in base64 without padding; the signature follows."""


class LinkUnknown(NotFound):
    """There is no such link here."""

    code = "link_unknown"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a token says: ``standing`` is a hash of everything that has to be still the same when it is used."""

    approval: UUID
    user: UUID
    until: datetime
    standing: bytes


def written(ticket: Ticket) -> str:
    """Return the token: only letters, digits, ``-`` and ``_``."""
    raw = _LAYOUT.pack(ticket.approval.bytes, ticket.user.bytes, int(ticket.until.timestamp()), ticket.standing)
    value = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return PREFIX + signing.sign(value, purpose=PURPOSE).replace(".", "", 1)


def read(token: str) -> Ticket:
    """Return what the token says; raise LinkUnknown for what was not written here, in this tenant."""
    body = token.removeprefix(PREFIX)
    try:
        value = signing.unsign(f"{body[:_LENGTH]}.{body[_LENGTH:]}", purpose=PURPOSE)
        approval, user, until, standing = _LAYOUT.unpack(base64.urlsafe_b64decode(value + "=="))
    except (signing.SignatureInvalid, binascii.Error, struct.error) as error:
        raise LinkUnknown from error
    return Ticket(UUID(bytes=approval), UUID(bytes=user), datetime.fromtimestamp(until, UTC), standing)
