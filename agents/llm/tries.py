"""Tries at one endpoint until an answer is whole: with growing waits, its limits kept, every one of them told and paid."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from math import inf
from time import monotonic

from agents.llm.attempt import Attempt
from agents.llm.budget import bounded, reserved
from agents.llm.endpoint import Endpoint, Reply
from agents.llm.errors import ModelBusy, ModelError, ModelRefused, ModelResting
from agents.llm.limits import slot
from agents.llm.metering import give_up, record_answer, record_failure
from agents.llm.waiting import nap, seconds_left, still_wanted
from nexod.kernel.errors import NexodError
from nexod.kernel.run_port import Recall

ATTEMPTS = 3
FIRST_WAIT_S = 0.4
LONGEST_WAIT_S = 15.0
"""A provider that asks for more patience than this gets none: the next model of the chain is asked, or the run's retry comes."""
KEY_REFUSED = frozenset({400, 401, 403})

Begin = Callable[[Endpoint], Attempt]


def answer(begin: Begin, endpoint: Endpoint, recall: Recall | None, *, patience_s: float = inf) -> Reply:
    """Return what the endpoint answers to an attempt that ``begin`` makes. Raises ModelErrors and what budgets raise.

    ``patience_s`` is how long it waits for the limits of the connection.
    """
    for number in range(1, ATTEMPTS):
        still_wanted()
        try:
            return _with_either_key(begin, endpoint, recall, patience_s)
        except ModelError as error:
            wait = _wait_s(error, number)
            if wait is None:
                raise
        nap(wait)
    return _with_either_key(begin, endpoint, recall, patience_s)


def _with_either_key(begin: Begin, endpoint: Endpoint, recall: Recall | None, patience_s: float) -> Reply:
    """Try with the key, and where it is refused with the former one: a new key may take a while to be known everywhere."""
    try:
        return _once(begin(endpoint), recall, patience_s)
    except ModelRefused as error:
        if not (endpoint.former_key and _is_about_the_key(error)):
            raise
    return _once(begin(replace(endpoint, api_key=endpoint.former_key, former_key="")), recall, patience_s)


def _once(attempt: Attempt, recall: Recall | None, patience_s: float) -> Reply:
    """Hold a slot of the connection, then room in the budgets, for one attempt."""
    endpoint = attempt.endpoint
    with slot(endpoint, attempt.ask, patience_s=patience_s) as held:
        attempt.started = monotonic()
        attempt.reservation = reserved(endpoint, attempt.ask, writes=attempt.writes)
        attempt.ask = bounded(attempt.ask, attempt.reservation)
        reply = _heard(attempt)
        held.used(reply.tokens_in + reply.tokens_out)
    record_answer(attempt, reply, recall)
    return reply


def _heard(attempt: Attempt) -> Reply:
    # Late: importing a provider's package takes a second.
    from agents.llm.failures import caught, explained

    try:
        attempt.listen()
    except caught(attempt.endpoint) as error:
        told = explained(error, attempt.endpoint, began=attempt.began)
        record_failure(attempt, told)
        raise told from (None if told is error else error)
    except BaseException:
        give_up(attempt)
        raise
    return attempt.reply()


def _is_about_the_key(error: ModelRefused) -> bool:
    return isinstance(error.details, dict) and error.details.get("provider_status") in KEY_REFUSED


def _wait_s(error: NexodError, number: int) -> float | None:
    """Return how long to wait before the next try, or None when there is no point in one."""
    from agents.llm.failures import retry_after_s

    if not getattr(error, "transient", False) or isinstance(error, ModelBusy | ModelResting):
        return None
    asked = retry_after_s(error)
    wait = asked if asked is not None else FIRST_WAIT_S * 2 ** (number - 1)
    left = seconds_left()
    if wait > min(LONGEST_WAIT_S, left):
        return None
    # Workers that failed together do not return together; what was asked for is kept, and chance never costs the last try.
    return min(wait * (1 + random.random() / 4), max(wait, left))  # noqa: S311
