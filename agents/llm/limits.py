"""The limits of a connection, shared by all workers in Valkey: calls at once, requests and tokens a minute, and its breaker.

A slot is a lease that its call renews: of a killed worker it comes free after LEASE_S. With Valkey away everybody is let
through: providers have limits of their own, and a run that fails for want of a counter helps nobody.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from redis import RedisError

from agents.llm.budget import tokens_of
from agents.llm.endpoint import Ask, Endpoint
from agents.llm.errors import ModelBusy, ModelError, ModelResting, ModelStreamCut, ModelTimeout, ModelUnavailable
from agents.llm.waiting import meanwhile, nap, seconds_left
from nexod.kernel import scope
from nexod.kernel.valkey import valkey

LEASE_S = 20.0
FAILURES = 5
"""So many in a row, whoever had them, and the connection rests for REST_S; then one call tries it."""
REST_S = 30.0
FAILURES_COUNT_FOR_S = 300
LONGEST_NAP_S = 1.0
USUAL_ANSWER_TOKENS = 500
ADMIT = Path(__file__).with_suffix(".lua").read_text()
logger = logging.getLogger(__name__)


class Slot:
    """One call's place among those of its connection."""

    def __init__(self, endpoint: Endpoint) -> None:
        tenant = scope.tenant.get() or "public"
        self._place = f"nexod:model:{{{tenant}:{endpoint.connection}}}"
        self._limits = endpoint.limits
        self._lease = uuid.uuid4().hex
        self._renewed = time.monotonic()
        self._wanted = self._used = 0
        self._failures = 0
        self._clock_ahead_s = 0.0

    def enter(self, endpoint: Endpoint, tokens: int, *, patience_s: float) -> None:
        """Wait until the call is let through; raise ModelResting, or ModelBusy after ``patience_s``."""
        until = time.monotonic() + min(patience_s, seconds_left())
        while True:
            reason, number = self._asked(tokens)
            if not reason:
                self._wanted, self._failures, self._renewed = tokens, number, time.monotonic()
                return
            wait = number / 1000
            if reason == "rests":
                raise _refusal(ModelResting, endpoint, reason, wait)
            if time.monotonic() + wait > until:
                raise _refusal(ModelBusy, endpoint, reason, wait)
            nap(min(wait, LONGEST_NAP_S))

    def renew(self) -> None:
        """Keep the slot while its call takes its time."""
        if self._limits.concurrent and time.monotonic() - self._renewed > LEASE_S / 4:
            self._renewed = time.monotonic()
            with _valkey_may_be_away():
                end = {self._lease: (self._now() + LEASE_S) * 1000}
                valkey().zadd(self._key("slots"), end, xx=True)

    def used(self, tokens: int) -> None:
        """Say how many tokens the call has used."""
        self._used = tokens

    def leave(self, *, failed: bool | None) -> None:
        """Give the slot back, correct what was counted, and tell the breaker; ``failed`` None says nothing of the provider."""
        with _valkey_may_be_away():
            pipeline = valkey().pipeline(transaction=False)
            if self._limits.concurrent:
                pipeline.zrem(self._key("slots"), self._lease)
            if self._limits.tokens_per_minute and self._used != self._wanted:
                pipeline.hincrby(self._key("tokens"), str(int(self._now() // 60)), self._used - self._wanted)
            if failed:
                self._count_failure()
            elif failed is False and self._failures:
                pipeline.delete(self._key("breaker"))
            if len(pipeline):
                pipeline.execute()

    def _count_failure(self) -> None:
        """Add a failure, and let the connection rest after so many: calls at the same time have not seen each other's."""
        breaker, client = self._key("breaker"), valkey()
        if client.hincrby(breaker, "failures", 1) >= FAILURES:
            client.hset(breaker, "rests_until", int((self._now() + REST_S) * 1000))
        client.expire(breaker, FAILURES_COUNT_FOR_S)

    def _asked(self, tokens: int) -> tuple[str, int]:
        limits = self._limits
        keys = [self._key(name) for name in ("slots", "requests", "tokens", "breaker")]
        bounds = [limits.concurrent or 0, limits.requests_per_minute or 0, limits.tokens_per_minute or 0]
        said, number, now = b"", 0, time.time() * 1000
        with _valkey_may_be_away():
            arguments = [self._lease, int(LEASE_S * 1000), *bounds, tokens]
            said, number, now = _script()(keys, arguments, valkey())
        self._clock_ahead_s = now / 1000 - time.time()
        return said.decode(), int(number)

    def _now(self) -> float:
        """Return Valkey's time, which all workers share."""
        return time.time() + self._clock_ahead_s

    def _key(self, name: str) -> str:
        return f"{self._place}:{name}"


class NoSlot:
    """What stands for a slot where there is no connection to count by."""

    def used(self, tokens: int) -> None:
        """Nothing."""


@contextmanager
def slot(endpoint: Endpoint, ask: Ask, *, patience_s: float) -> Iterator[Slot | NoSlot]:
    """Hold a slot of the endpoint's connection inside the block, and tell its breaker how it went."""
    if not endpoint.connection:
        yield NoSlot()
        return
    tokens = _tokens(endpoint, ask) if endpoint.limits.tokens_per_minute else 0
    held = Slot(endpoint)
    held.enter(endpoint, tokens, patience_s=patience_s)
    try:
        with meanwhile(held.renew):
            yield held
    except ModelError as error:
        held.leave(failed=is_down(error))
        raise
    except BaseException:
        held.leave(failed=None)
        raise
    held.leave(failed=False)


def _tokens(endpoint: Endpoint, ask: Ask) -> int:
    return tokens_of(ask) + (endpoint.answer_tokens(ask.max_tokens) or USUAL_ANSWER_TOKENS)


def is_down(error: Exception) -> bool:
    """Say whether a failure is the provider's own, such that the next call would most likely meet it, too."""
    return isinstance(error, ModelUnavailable | ModelTimeout | ModelStreamCut)


def _refusal(kind: type[ModelError], endpoint: Endpoint, reason: str, wait_s: float) -> ModelError:
    details = {
        "connection": endpoint.label,
        "model": endpoint.model,
        "limit": reason,
        "retry_after_s": round(wait_s, 1),
    }
    return kind(f"{endpoint.label} ({endpoint.model}): {kind.__doc__}", details=details)


@contextmanager
def _valkey_may_be_away() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        logger.warning("Limits of models cannot be kept", extra={"reason": type(error).__name__})


@cache
def _script() -> Any:
    return valkey().register_script(ADMIT)
