"""Signed values, in one place: what was signed here for a purpose opens here for that purpose, and nowhere else."""

from __future__ import annotations

from django.core.signing import BadSignature, Signer

from nexod.kernel import scope
from nexod.kernel.errors import InvalidInput


class SignatureInvalid(InvalidInput):
    """This was not signed here."""

    code = "signature_invalid"


def salt(purpose: str, *, shared: bool = False) -> str:
    """Return the salt of ``purpose`` in the tenant that the running code works for, or on the platform plane.

    With ``shared`` it is the same in every tenant: for what tells nothing and allows nothing.
    """
    return f"nexod.{purpose}@{'*' if shared else scope.tenant.get() or 'public'}"


def sign(value: str, *, purpose: str, shared: bool = False) -> str:
    """Return ``value`` with its signature (HMAC-SHA-256)."""
    return _signer(purpose, shared).sign(value)


def unsign(signed: str, *, purpose: str, shared: bool = False) -> str:
    """Return what ``sign`` was given; raise SignatureInvalid for what another tenant, purpose or key signed."""
    try:
        return str(_signer(purpose, shared).unsign(signed))
    except BadSignature as error:
        raise SignatureInvalid from error


def _signer(purpose: str, shared: bool) -> Signer:
    return Signer(salt=salt(purpose, shared=shared), sep=".")
