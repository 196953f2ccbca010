"""Public ids: UUIDs that sort by time (RFC 9562, version 7), so that an index on them grows at its end."""

from __future__ import annotations

import os
import time
import uuid
from datetime import datetime


def new_id() -> uuid.UUID:
    """Return a UUID of version 7: 48 bits of milliseconds, then 74 random bits."""
    return _id(time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10), "big"))


def first_id(moment: datetime) -> uuid.UUID:
    """Return the smallest id that could have been made then: those before it are older."""
    return _id(int(moment.timestamp() * 1000), 0)


def _id(milliseconds: int, rest: int) -> uuid.UUID:
    value = (milliseconds << 80) | rest
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    return uuid.UUID(int=(value & ~(0x3 << 62)) | (0x2 << 62))
