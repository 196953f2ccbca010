"""The mark of SQL that is sent again and again in the same words; see ``tenants.backend.prepared``."""

from __future__ import annotations


class Often(str):
    """Such SQL, with ``%s`` for its values."""

    __slots__ = ()
