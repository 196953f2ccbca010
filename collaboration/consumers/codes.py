"""With what codes sockets close: a client can tell from them whether to come back, and with what."""

from __future__ import annotations

from nexod.kernel.errors import (
    Conflict,
    NexodError,
    NotAuthenticated,
    NotFound,
    PermissionDenied,
    RateLimited,
    TooLarge,
    Unavailable,
)

UNAUTHENTICATED, FORBIDDEN, MISSING, INVALID, TOO_MANY = 4401, 4403, 4404, 4400, 4429
CHANGED, TOO_LARGE = 4409, 4413
DONE, GONE, BROKEN, AWAY = 1000, 1001, 1011, 1013
CODES: list[tuple[type[NexodError], int]] = [
    (NotAuthenticated, UNAUTHENTICATED),
    (PermissionDenied, FORBIDDEN),
    (NotFound, MISSING),
    (RateLimited, TOO_MANY),
    (Conflict, CHANGED),
    (TooLarge, TOO_LARGE),
    (Unavailable, AWAY),
]


def code_of(error: NexodError) -> int:
    """Return the close code that says the same."""
    said = next((code for kind, code in CODES if isinstance(error, kind)), None)
    return said or (INVALID if error.status < 500 else BROKEN)
