"""The one error tree. An error's docstring is its default message; its code is what programs match on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

Details = Mapping[str, Any] | Sequence[Mapping[str, Any]]


class NexodError(Exception):
    """Something went wrong inside Nexod."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(self, message: str | None = None, *, details: Details | None = None) -> None:
        self.message = message or " ".join((type(self).__doc__ or "").split())
        self.details: Details = details if details is not None else {}
        super().__init__(self.message)

    def as_dict(self) -> dict[str, Any]:
        """Return ``{"code", "message", "details"}``, the inside of the API's error envelope."""
        details = dict(self.details) if isinstance(self.details, Mapping) else [dict(item) for item in self.details]
        return {"code": self.code, "message": self.message, "details": details}


class InvalidInput(NexodError):
    """The input is not valid."""

    code, status = "invalid", 400


class NotAuthenticated(NexodError):
    """Credentials are missing or not valid."""

    code, status = "not_authenticated", 401


class PermissionDenied(NexodError):
    """You may not do this."""

    code, status = "permission_denied", 403


class NotFound(NexodError):
    """There is no such object here."""

    code, status = "not_found", 404


class Conflict(NexodError):
    """The object is not in a state that allows this."""

    code, status = "conflict", 409


class TooLarge(NexodError):
    """The input is larger than allowed."""

    code, status = "too_large", 413


class RateLimited(NexodError):
    """Too many requests; try again later."""

    code, status = "rate_limited", 429


class QuotaExceeded(NexodError):
    """The plan's limit is reached."""

    code, status = "quota_exceeded", 429


class Unavailable(NexodError):
    """Something that this depends on is not available right now."""

    code, status = "unavailable", 503


class StopsRun(NexodError):
    """The run, or its step, stops here: no agent may take this for an answer and go on."""


class TenantRequired(NexodError):
    """This work needs a tenant and none was given."""

    code = "tenant_required"


class AddressRefused(InvalidInput):
    """That address may not be called from here."""

    code = "address_refused"
