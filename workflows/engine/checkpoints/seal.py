"""Seals what is stored, so that bytes which somebody else put into the database are never decoded.

The key comes from SECRET_KEY, and SECRET_KEY_FALLBACKS still open what they sealed.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest

from django.conf import settings

from workflows.engine.checkpoints.errors import CheckpointOutdated, CheckpointUnreadable

FORMAT = b"\x01"
SIZE = 16


def seal(content: bytes) -> bytes:
    """Return the format's number, the seal and the content."""
    return FORMAT + _digest(content, _key(settings.SECRET_KEY)) + content


def unseal(sealed: bytes) -> bytes:
    """Return the content; raise CheckpointOutdated or CheckpointUnreadable."""
    if sealed[:1] != FORMAT:
        raise CheckpointOutdated
    found, content = sealed[1 : 1 + SIZE], sealed[1 + SIZE :]
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if compare_digest(found, _digest(content, _key(secret))):
            return content
    raise CheckpointUnreadable


def name_of(content: bytes) -> bytes:
    """Return what content is found by: the same for the same bytes."""
    return blake2b(content, digest_size=32).digest()


def _digest(content: bytes, key: bytes) -> bytes:
    return blake2b(content, key=key, digest_size=SIZE).digest()


@lru_cache(maxsize=8)
def _key(secret: str) -> bytes:
    return blake2b(secret.encode(), person=b"nexod.checkpoint", digest_size=64).digest()
