"""Signed values, in one place: what was signed here for a purpose opens here for that purpose, and nowhere else."""

from __future__ import annotations

from django.core.signing import BadSignature, Signer

from nexod.kernel import scope
from nexod.kernel.errors import InvalidInput


class SignatureInvalid(InvalidInput):
    """This was not signed here."""

    code = "signature_invalid"


def salt(purpose: str) -> str:
    """Return the salt of ``purpose`` in the tenant that the running code works for, or on the platform plane."""
    return f"nexod.{purpose}@{scope.tenant.get() or 'public'}"


def sign(value: str, *, purpose: str) -> str:
    """Return ``value`` with its signature (HMAC-SHA-256)."""
    return _signer(purpose).sign(value)


def unsign(signed: str, *, purpose: str) -> str:
    """Return what ``sign`` was given; raise SignatureInvalid for what another tenant, purpose or key signed."""
    try:
        return str(_signer(purpose).unsign(signed))
    except BadSignature as error:
        raise SignatureInvalid from error


def _signer(purpose: str) -> Signer:
    return Signer(salt=salt(purpose), sep=".")
