"""The one way in which tenant-written text fails."""

from __future__ import annotations


class Refused(Exception):
    """A template or expression could not be read or evaluated; the message is for the person who wrote it."""
