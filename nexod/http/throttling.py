"""How often a key, a session's user or a stranger's address may ask. Counted in Valkey, one round trip a request.

With Valkey away everybody is let through: an API that answers without limits is worth more than one that does not answer.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from django.conf import settings
from redis import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from nexod.kernel import scope
from nexod.kernel.errors import RateLimited
from nexod.kernel.valkey import valkey

WINDOW_S = 60
# A hook is one address, hooks are all of a tenant together: what is signed, so that strangers take nobody's share.
# Refused are keys that are not valid: each costs a look into the database.
PER_MINUTE = {
    "key": 30_000,
    "user": 6_000,
    "address": 600,
    "refused": 300,
    "hook": 600,
    "hooks": 6_000,
    "link": 60,
    "comments": 120,
}
logger = logging.getLogger(__name__)


class Throttle(BaseThrottle):
    """REST framework's way to ``count``."""

    def allow_request(self, request: Request, view: object) -> bool:
        """Count the request and say whether it is within its caller's limit."""
        kind, name = caller_of(request)
        self._wait_s = _excess_s(kind, name, counts=True)
        return not self._wait_s

    def wait(self) -> float:
        """Return the seconds until the window has moved on."""
        return self._wait_s


class CountedFirst:
    """Mixed into views before REST framework's own: who is refused was counted, too."""

    def check_permissions(self: Any, request: Request) -> None:
        """Count, then look whether the caller may."""
        super().check_throttles(request)  # type: ignore[misc]
        super().check_permissions(request)  # type: ignore[misc]

    def check_throttles(self, request: Request) -> None:
        """Nothing: it was counted before."""


def count(kind: str, name: str) -> None:
    """Count a request of the caller in the tenant; raise RateLimited when it is over the limit of its kind.

    ``settings.NEXOD_REQUESTS_PER_MINUTE`` replaces limits of PER_MINUTE.
    """
    _require_none(_excess_s(kind, name, counts=True))


def require_few_refusals(address: str) -> None:
    """Raise RateLimited when too many keys from this address were not valid."""
    _require_none(_excess_s("refused", address, counts=False))


def caller_of(request: Request) -> tuple[str, str]:
    """Return the kind of the caller and its name within the tenant."""
    return caller(request.user, request.auth, str(request.META.get("REMOTE_ADDR", "")))


def caller(user: Any, key: Any, address: str) -> tuple[str, str]:
    """Return the kind of a caller and its name: a key's, a person's, or where a stranger comes from."""
    if key is not None:
        return "key", str(key.pk)
    if user and user.is_authenticated:
        return "user", str(user.pk)
    return "address", address


def _require_none(excess_s: float) -> None:
    if excess_s:
        raise RateLimited(details={"retry_after_s": round(excess_s)})


def _excess_s(kind: str, name: str, *, counts: bool) -> float:
    """Return 0 within the limit, else the seconds to wait. A sliding window: this minute's requests, and the share of the last
    minute's that is still in sight."""
    limit = {**PER_MINUTE, **getattr(settings, "NEXOD_REQUESTS_PER_MINUTE", {})}[kind]
    window, into = divmod(time.time(), WINDOW_S)
    try:
        before, current = _asked(f"{kind}:{name}", int(window), counts=counts)
    except RedisError as error:
        logger.warning("Requests cannot be counted", extra={"reason": type(error).__name__})
        return 0.0
    asked = before * (1 - into / WINDOW_S) + current + (0 if counts else 1)
    return 0.0 if asked <= limit else max(1.0, WINDOW_S - into)


def _asked(caller: str, window: int, *, counts: bool) -> tuple[int, int]:
    place = f"nexod:rate:{scope.tenant.get() or 'public'}:{caller}"
    pipeline = valkey().pipeline(transaction=False)
    pipeline.get(f"{place}:{window - 1}")
    if counts:
        pipeline.incr(f"{place}:{window}")
        pipeline.expire(f"{place}:{window}", 2 * WINDOW_S)
    else:
        pipeline.get(f"{place}:{window}")
    before, current, *_ = pipeline.execute()
    return int(before or 0), int(current or 0)
