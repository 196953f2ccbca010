"""How many live streams (SSE, web sockets) a person holds open at once, counted in Valkey, so that every process knows of all."""

from __future__ import annotations

import asyncio
import atexit
import logging
import time
from collections import deque
from contextlib import suppress
from typing import Any

from django.conf import settings
from redis import RedisError

from nexod.kernel import scope
from nexod.kernel.errors import RateLimited
from nexod.kernel.valkey import valkey

# Longer than any stream goes without being admitted again; what a killed process held ends after it.
COUNTS_FOR_S = 150
# Streams that end within this time are let go together: a thread and a question to Valkey for each cost a twentieth of a short run.
TOGETHER_S = 0.05
logger = logging.getLogger(__name__)
_ended: deque[tuple[str, str]] = deque()
_together_until = 0.0


class TooManyStreams(RateLimited):
    """You have too many live streams open: close some of your pages or connections, then try again."""

    code = "too_many_streams"


def hold(person: str, stream: str) -> None:
    """Count ``stream`` as one of the person's for COUNTS_FOR_S; again, it goes on counting. Raise TooManyStreams for one too many.

    With Valkey away nobody is counted, as for requests.
    """
    place, now = _place(person), time.time()
    pipeline = valkey().pipeline()
    pipeline.zremrangebyscore(place, "-inf", now)
    pipeline.zadd(place, {stream: now + COUNTS_FOR_S})
    pipeline.zcard(place)
    pipeline.expire(place, 2 * COUNTS_FOR_S)
    _, is_new, open_now, _ = _executed(pipeline) or (0, 0, 0, 0)
    limit = settings.NEXOD_STREAMS_PER_PERSON
    if is_new and open_now > limit and (not _let_go_ended() or _count(place) > limit):
        let_go(person, stream)
        raise TooManyStreams(details={"limit": limit, "retry_after_s": 5})


def let_go(person: str, stream: str) -> None:
    """Stop counting the stream."""
    pipeline = valkey().pipeline(transaction=False)
    pipeline.zrem(_place(person), stream)
    _executed(pipeline)


def let_go_soon(person: str, stream: str) -> None:
    """Stop counting the stream within 2 x TOGETHER_S, or when its person is refused another. For use on the event loop."""
    global _together_until
    loop, now = asyncio.get_running_loop(), time.monotonic()
    _ended.append((_place(person), stream))
    if now >= _together_until:
        _together_until = now + TOGETHER_S
        loop.call_later(2 * TOGETHER_S, loop.run_in_executor, None, _let_go_ended)


def _let_go_ended() -> bool:
    """Stop counting what has ended; say whether anything had."""
    pipeline = valkey().pipeline(transaction=False)
    with suppress(IndexError):
        while True:
            pipeline.zrem(*_ended.popleft())
    return bool(len(pipeline)) and _executed(pipeline) is not None


atexit.register(_let_go_ended)


def _count(place: str) -> int:
    pipeline = valkey().pipeline(transaction=False)
    pipeline.zcard(place)
    return int((_executed(pipeline) or [0])[0])


def _executed(pipeline: Any) -> list[Any] | None:
    try:
        found: list[Any] = pipeline.execute()
    except RedisError as error:
        logger.warning("Streams cannot be counted", extra={"reason": type(error).__name__})
        return None
    return found


def _place(person: str) -> str:
    return f"nexod:streams:{scope.tenant.get() or 'public'}:{person}"
