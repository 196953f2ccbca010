"""What a model may add to a search: the question in other words, the passages in better order. In runs alone, which pay.

A search does without where the model is away: its answers are only better with it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from agents.llm.errors import ModelError
from agents.models import Chunk
from nexod.kernel import run_port

log = logging.getLogger(__name__)
LONGEST_QUERY = 1_000
_REWRITE = (
    "Write what to search documents for to answer the question below: its subject and the words that an answer would use, "
    "in one line, without quotes. Write nothing else."
)


def rewritten(query: str, asked: Mapping[str, str] | None) -> str:
    """Return ``query`` with a model's words for it; as it is outside of a run, or where none is set."""
    if asked is None or run_port.current() is None:
        return query
    from agents.llm.connections import endpoint_for
    from agents.llm.gateway import Gateway

    gateway = Gateway(endpoint_for(asked.get("connection", ""), asked.get("model", "")))
    messages = [{"role": "system", "content": _REWRITE}, {"role": "user", "content": query}]
    try:
        more = gateway.chat(messages, temperature=0, max_tokens=100).text.strip()
    except ModelError as error:
        log.warning("a question is asked in its own words", extra={"reason": error.code})
        return query
    return f"{query}\n{more}"[: len(query) + LONGEST_QUERY]


def reordered(query: str, chunks: Sequence[Chunk], asked: Mapping[str, str] | None) -> list[Chunk]:
    """Return ``chunks`` in the order that a model gives them; as they are outside of a run, or where none is set."""
    if asked is None or not chunks or run_port.current() is None:
        return list(chunks)
    from agents.llm.connections import endpoint_for
    from agents.llm.gateway import Gateway

    gateway = Gateway(endpoint_for(asked.get("connection", ""), asked.get("model", "")))
    try:
        order = gateway.rerank(query, ["\n".join(filter(None, (chunk.lead, chunk.text))) for chunk in chunks])
    except ModelError as error:
        log.warning("passages stay in their order", extra={"reason": error.code})
        return list(chunks)
    first = [chunks[place] for place, _ in order]
    return first + [chunk for chunk in chunks if chunk not in first]
