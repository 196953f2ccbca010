"""How many live streams (SSE, web sockets) a person holds open at once, counted in Valkey, so that every process knows of all."""

from __future__ import annotations

import logging
import time
from typing import Any

from django.conf import settings
from django_redis import get_redis_connection
from redis import RedisError

from nexod.kernel import scope
from nexod.kernel.errors import RateLimited

# Longer than any stream goes without being admitted again; what a killed process held ends after it.
COUNTS_FOR_S = 150
logger = logging.getLogger(__name__)


class TooManyStreams(RateLimited):
    """You have too many live streams open: close some of your pages or connections, then try again."""

    code = "too_many_streams"


def hold(person: str, stream: str) -> None:
    """Count ``stream`` as one of the person's for COUNTS_FOR_S; again, it goes on counting. Raise TooManyStreams for one too many.

    With Valkey away nobody is counted, as for requests.
    """
    place, now = _place(person), time.time()
    pipeline = get_redis_connection("default").pipeline()
    pipeline.zremrangebyscore(place, "-inf", now)
    pipeline.zadd(place, {stream: now + COUNTS_FOR_S})
    pipeline.zcard(place)
    pipeline.expire(place, 2 * COUNTS_FOR_S)
    _, is_new, open_now, _ = _executed(pipeline) or (0, 0, 0, 0)
    limit = settings.NEXOD_STREAMS_PER_PERSON
    if is_new and open_now > limit:
        let_go(person, stream)
        raise TooManyStreams(details={"limit": limit, "retry_after_s": 5})


def let_go(person: str, stream: str) -> None:
    """Stop counting the stream."""
    pipeline = get_redis_connection("default").pipeline()
    pipeline.zrem(_place(person), stream)
    _executed(pipeline)


def _executed(pipeline: Any) -> list[Any] | None:
    try:
        found: list[Any] = pipeline.execute()
    except RedisError as error:
        logger.warning("Streams cannot be counted", extra={"reason": type(error).__name__})
        return None
    return found


def _place(person: str) -> str:
    return f"nexod:streams:{scope.tenant.get() or 'public'}:{person}"
