"""Signatures of webhooks as standardwebhooks.com describes them (v1, HMAC-SHA-256), for what is sent and what is received."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
KEY_BYTES = range(24, 65)
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


def new_secret() -> str:
    """Return a secret of 32 random bytes, as the standard writes it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """Return the key in a secret; raise ValueError unless it is base64 of 24 to 64 bytes, with ``whsec_`` before it or not."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("The secret is not base64.") from error
    if len(key) not in KEY_BYTES:
        raise ValueError(f"The secret has {len(key)} bytes; the standard asks for 24 to 64.")
    return key


def signature(secret: str, *, id_: str, timestamp: int | str, body: bytes) -> str:
    """Return ``v1,<base64>`` of one secret."""
    signed = b"%s.%s.%s" % (id_.encode(), str(timestamp).encode(), body)
    return "v1," + base64.b64encode(hmac.digest(key_of(secret), signed, hashlib.sha256)).decode()


def headers(valid: Iterable[str], *, id_: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers, with a signature of each secret that is valid now: receivers try all of them."""
    signatures = [signature(secret, id_=id_, timestamp=timestamp, body=body) for secret in valid]
    return {ID: id_, TIMESTAMP: str(timestamp), SIGNATURE: " ".join(signatures)}


def is_signed(valid: Iterable[str], *, id_: str, timestamp: str, body: bytes, given: str) -> bool:
    """Say whether one of the signatures in the header ``given`` is of one of the secrets. The time is the caller's to check."""
    wanted = [signature(secret, id_=id_, timestamp=timestamp, body=body).encode() for secret in valid]
    offered = [part.encode() for part in given.split(" ")[:20]]
    return any([hmac.compare_digest(one, other) for one in wanted for other in offered])  # noqa: C419  as long for each
