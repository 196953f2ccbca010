"""How a request to another service fails."""

from __future__ import annotations

from nexod.kernel.errors import NexodError


class HttpRequestInvalid(NexodError):
    """The request cannot be sent as it is."""

    code, status = "http_request_invalid", 422


class HttpRefused(NexodError):
    """The other side refused the request."""

    code, status = "http_refused", 422


class HttpBusy(NexodError):
    """The other side takes no more requests right now."""

    code, status = "http_busy", 429


class HttpFailed(NexodError):
    """The other side did not answer, or failed."""

    code, status = "http_failed", 502


class HttpTimedOut(HttpFailed):
    """The other side did not answer in time."""

    code, status = "http_timed_out", 504


class HttpUnavailable(HttpFailed):
    """The other side cannot be reached, or does no work right now."""

    code, status = "http_unavailable", 503


class HttpUnusable(NexodError):
    """The request was answered, but not with what was asked for; it is not sent again."""

    code, status = "http_unusable", 422
