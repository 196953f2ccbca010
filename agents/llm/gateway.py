"""The gateway: asks a model, tries again where that helps, checks structured answers, and records what it cost."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agents.llm.attempt import Attempt
from agents.llm.client import deadline, seconds_left, still_wanted
from agents.llm.endpoint import Ask, Endpoint, Message, Reply, ToolCall
from agents.llm.errors import ModelError, ModelRejectedRequest, OutputInvalid
from agents.llm.metering import record_answer, record_failure
from agents.llm.recall import recalled, reply_in
from agents.llm.structured import DoesNotFit, check_schema, parsed
from nexod.kernel.errors import NexodError
from nexod.kernel.run_port import Recall

__all__ = ["Endpoint", "Gateway", "Reply", "ToolCall"]

ATTEMPTS = 3
FIRST_WAIT_S = 0.4
LONGEST_WAIT_S = 15.0
"""A provider that asks for more patience than this gets none: the run's own retry comes later."""
NAP_S = 0.2


class Gateway:
    """Calls of one endpoint, in the calling thread: cancelled, metered and timed with the run that it works for."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    def chat(
        self,
        messages: Sequence[Message],
        *,
        schema: Mapping[str, Any] | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
        stop: Sequence[str] = (),
        agent: str = "",
    ) -> Reply:
        """Return the answer to ``messages``; with a JSON ``schema`` its checked value is in ``data``.

        The endpoint's ``timeout_s`` bounds the whole, tries included. Raises ModelError's subclasses, AddressRefused,
        InvalidInput for a schema that is none, and RunWasCancelled.
        """
        ask = Ask(tuple(messages), schema, temperature, max_tokens, tuple(tools), tuple(stop), agent)
        with deadline(self.endpoint.timeout_s):
            if schema is None:
                return self._answer(ask)
            check_schema(schema)
            return self._structured(ask, schema)

    def _structured(self, ask: Ask, schema: Mapping[str, Any]) -> Reply:
        """Ask; when the answer does not fit, ask once more and say what is wrong with it."""
        try:
            first = self._answer(ask)
        except ModelRejectedRequest:
            # Not every provider knows response formats; each can read.
            ask = _described(ask, schema)
            first = self._answer(ask)
        try:
            return replace(first, data=parsed(first.text, schema))
        except DoesNotFit as problem:
            second = self._answer(_repaired(ask, first, problem, self.endpoint))
        try:
            return replace(_together(first, second), data=parsed(second.text, schema))
        except DoesNotFit as problem:
            from agents.llm.failures import told

            raise told(OutputInvalid, self.endpoint, problem=str(problem), finish=second.finish) from problem

    def _answer(self, ask: Ask) -> Reply:
        """Return what was answered to this before, or try until an answer is whole: ATTEMPTS times, with growing waits."""
        recall = recalled(self.endpoint, ask)
        if (before := reply_in(recall)) is not None:
            return before
        for number in range(1, ATTEMPTS):
            still_wanted()
            try:
                return self._attempt(ask, recall)
            except ModelError as error:
                wait = _wait_s(error, number)
                if wait is None:
                    raise
            _nap(wait)
        return self._attempt(ask, recall)

    def _attempt(self, ask: Ask, recall: Recall | None) -> Reply:
        attempt = Attempt(self.endpoint, ask)
        # Late: it needs openai, which takes a second to import.
        from agents.llm.failures import CAUGHT, explained

        try:
            attempt.listen()
        except CAUGHT as error:
            told = explained(error, self.endpoint, began=attempt.began)
            record_failure(attempt, told)
            raise told from (None if told is error else error)
        reply = attempt.reply()
        record_answer(attempt, reply, recall)
        return reply


def _wait_s(error: NexodError, number: int) -> float | None:
    """Return how long to wait before the next try, or None when there is no point in one."""
    from agents.llm.failures import retry_after_s

    if not getattr(error, "transient", False):
        return None
    asked = retry_after_s(error)
    wait = asked if asked is not None else FIRST_WAIT_S * 2 ** (number - 1)
    wait *= 1 + random.random() / 4  # noqa: S311  so that workers that failed together do not return together
    return wait if wait <= min(LONGEST_WAIT_S, seconds_left()) else None


def _nap(seconds: float) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        still_wanted()
        time.sleep(min(NAP_S, left))


def _repaired(ask: Ask, answer: Reply, problem: DoesNotFit, endpoint: Endpoint) -> Ask:
    """Return the second question: more room when the first answer ran out of it, else the complaint."""
    if answer.finish == "length":
        room = endpoint.answer_tokens(ask.max_tokens)
        return replace(ask, max_tokens=room and room * 2)
    complaint = f"That does not fit: {problem} Answer again, with nothing but JSON that fits the schema."
    said = ({"role": "assistant", "content": answer.text}, {"role": "user", "content": complaint})
    return replace(ask, messages=(*ask.messages, *said))


def _described(ask: Ask, schema: Mapping[str, Any]) -> Ask:
    """Return the question with the schema in words instead of in the protocol."""
    words = f"Answer with nothing but JSON that conforms to this JSON Schema:\n{json.dumps(schema)}"
    return replace(ask, schema=None, messages=({"role": "system", "content": words}, *ask.messages))


def _together(first: Reply, second: Reply) -> Reply:
    return replace(
        second,
        tokens_in=first.tokens_in + second.tokens_in,
        tokens_out=first.tokens_out + second.tokens_out,
        seconds=first.seconds + second.seconds,
        cost_usd=first.cost_usd + second.cost_usd,
        estimated=first.estimated or second.estimated,
    )
