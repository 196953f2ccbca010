"""How often a key, a session's user or a stranger's address may ask. Counted in Valkey, one round trip a request."""

from __future__ import annotations

import logging
import time

from django.conf import settings
from django_redis import get_redis_connection
from redis import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from nexod.kernel import scope

WINDOW_S = 60
PER_MINUTE = {"key": 30_000, "user": 6_000, "address": 600}
logger = logging.getLogger(__name__)


class Throttle(BaseThrottle):
    """A sliding window: this minute's requests plus the share of the last minute's that is still in sight.

    ``settings.NEXOD_REQUESTS_PER_MINUTE`` replaces limits of PER_MINUTE. With Valkey away everybody is let through: an API
    that answers without limits is worth more than one that does not answer.
    """

    def allow_request(self, request: Request, view: object) -> bool:
        """Count the request and say whether it is within its caller's limit."""
        kind, name = caller_of(request)
        limit = {**PER_MINUTE, **getattr(settings, "NEXOD_REQUESTS_PER_MINUTE", {})}[kind]
        now = time.time()
        window, into = divmod(now, WINDOW_S)
        try:
            before, current = _count(f"{kind}:{name}", int(window))
        except RedisError as error:
            logger.warning("Requests cannot be counted", extra={"reason": type(error).__name__})
            return True
        self._wait_s = WINDOW_S - into
        return bool(before * (1 - into / WINDOW_S) + current <= limit)

    def wait(self) -> float:
        """Return the seconds until the window has moved on."""
        return max(1.0, self._wait_s)


def caller_of(request: Request) -> tuple[str, str]:
    """Return the kind of the caller and its name within the tenant."""
    if request.auth is not None:
        return "key", str(request.auth.pk)
    if request.user and request.user.is_authenticated:
        return "user", str(request.user.pk)
    return "address", str(request.META.get("REMOTE_ADDR", ""))


def _count(caller: str, window: int) -> tuple[int, int]:
    place = f"nexod:rate:{scope.tenant.get() or 'public'}:{caller}"
    pipeline = get_redis_connection("default").pipeline(transaction=False)
    pipeline.get(f"{place}:{window - 1}")
    pipeline.incr(f"{place}:{window}")
    pipeline.expire(f"{place}:{window}", 2 * WINDOW_S)
    before, current, _ = pipeline.execute()
    return int(before or 0), int(current)
