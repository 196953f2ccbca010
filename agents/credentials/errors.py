"""Why a credential was not sent. None of these says what is in it."""

from __future__ import annotations

from nexod.kernel.errors import InvalidInput, NexodError


class CredentialMissing(NexodError):
    """There is no such credential here. Create it, or name another."""

    code, status = "credential_missing", 422


class CredentialRefused(InvalidInput):
    """The credential may not be sent there."""

    code, status = "credential_refused", 422


class AccessFailed(NexodError):
    """The service that gives tokens gave none."""

    code, status = "credential_access_failed", 502
