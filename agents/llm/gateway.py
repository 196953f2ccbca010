"""The gateway: asks a model or the next of its chain, checks structured answers, and records what it cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import Any

from agents.llm.answers import keep_answer, known_answer
from agents.llm.attempt import Attempt
from agents.llm.chain import Chain
from agents.llm.endpoint import Ask, Endpoint, Message, Reply, ToolCall
from agents.llm.errors import ModelRejectedRequest, OutputInvalid, PromptTooLong
from agents.llm.metering import record_answer
from agents.llm.recall import recalled, reply_in
from agents.llm.stream import model_of
from agents.llm.structured import DoesNotFit, check_schema, described, fits, parsed, repaired
from agents.llm.tries import answer
from agents.llm.vectors import Embedding, Figures, Ranking, Vector, batches
from agents.llm.voice import OnText, Voice
from agents.llm.waiting import deadline

__all__ = ["Endpoint", "Gateway", "Reply", "ToolCall"]

SHORTEST_TEXT = 100
"""Characters: a model that cannot take so much takes nothing."""
NEXT_AFTER_S = 2.0
"""How long a connection's limits are waited for where another model could be asked."""


class Gateway:
    """Calls of one endpoint, in the calling thread: cancelled, metered and timed with the run that it works for.

    ``fallbacks`` are asked in turn on 429, 5xx, timeouts, refusals and budgets that say so; each has its own ``timeout_s``.
    """

    def __init__(self, endpoint: Endpoint, fallbacks: Sequence[Endpoint] = ()) -> None:
        self.endpoint = endpoint
        self._endpoints = (endpoint, *fallbacks)

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
        on_text: OnText | None = None,
    ) -> Reply:
        """Return the answer to ``messages``; with a JSON ``schema`` its checked value is in ``data``.

        ``on_text`` is told the text as it streams, in one piece where it was known before; an empty piece says that the
        answer begins anew, after a cut or at another model. The endpoint's ``timeout_s`` bounds each question
        to it, tries included.
        Raises ModelError's subclasses, AddressRefused, BudgetExhausted, InvalidInput for a schema that is none, and
        RunWasCancelled.
        """
        ask = Ask(tuple(messages), schema, temperature, max_tokens, tuple(tools), tuple(stop), agent)
        chain = Chain(self._endpoints, agent)
        if schema is None:
            return _answer(chain, ask, Voice(on_text))
        check_schema(schema)
        return _structured(chain, ask, schema, Voice(on_text))

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        """Return a vector for each text, in their order; asked for in batches. Raises as ``chat`` does, and ModelCannot.

        What the model finds too much at once is asked for in halves; of a text that is too long by itself the beginning counts.
        """
        return [vector for batch in batches(texts) for vector in self._vectors(batch)]

    def rerank(self, query: str, documents: Sequence[str], *, top: int | None = None) -> list[tuple[int, float]]:
        """Return index and score of the documents, the best first; of the ``top`` best where that is given."""
        if not documents:
            return []
        order: list[tuple[int, float]] = self._figures(lambda endpoint: Ranking.of(endpoint, query, documents, top))
        return order

    def _vectors(self, texts: Sequence[str]) -> list[Vector]:
        try:
            vectors: list[Vector] = self._figures(lambda endpoint: Embedding.of(endpoint, texts))
        except PromptTooLong:
            if len(texts) > 1:
                half = len(texts) // 2
                return [*self._vectors(texts[:half]), *self._vectors(texts[half:])]
            if len(texts[0]) < SHORTEST_TEXT:
                raise
            return self._vectors([texts[0][: len(texts[0]) // 2]])
        return vectors

    def _figures(self, begin: Callable[[Endpoint], Figures]) -> Any:
        """Return the answer of the first endpoint: vectors of another model could not be compared, so nobody stands in."""
        found = [begin(self.endpoint)]
        recall = found[0].recalled()
        if found[0].answer is not None:
            return found[0].answer

        def begun(endpoint: Endpoint) -> Figures:
            found.append(begin(endpoint))
            return found[-1]

        with deadline(self.endpoint.timeout_s):
            answer(begun, self.endpoint, recall)
        return found[-1].answer


def _structured(chain: Chain, ask: Ask, schema: Mapping[str, Any], voice: Voice) -> Reply:
    """Ask; when the answer does not fit, ask once more and say what is wrong with it."""
    try:
        first = _answer(chain, ask, voice, schema)
    except ModelRejectedRequest:
        # Not every provider knows response formats; each can read.
        ask = described(ask, schema)
        first = _answer(chain, ask, voice, schema)
    try:
        return replace(first, data=parsed(first.text, schema))
    except DoesNotFit as problem:
        second = _answer(chain, repaired(ask, first, problem, chain.endpoint), voice, schema)
    try:
        return replace(_together(first, second), data=parsed(second.text, schema))
    except DoesNotFit as problem:
        from agents.llm.failures import told

        raise told(OutputInvalid, chain.endpoint, problem=str(problem), finish=second.finish) from problem


def _answer(chain: Chain, ask: Ask, voice: Voice, schema: Mapping[str, Any] | None = None) -> Reply:
    """Return what was answered to this before, or what the chain answers now, recorded at the place of its first model.

    What does not fit ``schema`` is kept for nobody else who asks the same.
    """
    recall = recalled(chain.first, ask)
    if (before := reply_in(recall)) is not None:
        voice.begin()
        voice.say(before.text)
        return before

    def begin(endpoint: Endpoint) -> Attempt:
        voice.begin()
        return Attempt(endpoint, ask, voice.say)

    def asked(endpoint: Endpoint) -> Reply:
        if (known := known_answer(endpoint, ask)) is not None:
            record_answer(begin(endpoint), known, recall)
            voice.say(known.text)
            return known
        # A provider's package takes a second to import, once: that is not the model's time.
        model_of(endpoint)
        with deadline(endpoint.timeout_s):
            reply = answer(begin, endpoint, recall, patience_s=NEXT_AFTER_S if chain.has_another else inf)
        if schema is None or fits(reply.text, schema):
            keep_answer(endpoint, ask, reply)
        return reply

    return chain.answer(asked)


def _together(first: Reply, second: Reply) -> Reply:
    return replace(
        second,
        tokens_in=first.tokens_in + second.tokens_in,
        tokens_out=first.tokens_out + second.tokens_out,
        tokens_cached=first.tokens_cached + second.tokens_cached,
        tokens_reasoning=first.tokens_reasoning + second.tokens_reasoning,
        first_token_s=first.first_token_s,
        seconds=first.seconds + second.seconds,
        cost_usd=first.cost_usd + second.cost_usd,
        estimated=first.estimated or second.estimated,
    )
