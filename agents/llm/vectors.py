"""Texts become vectors and documents an order: plain HTTP in the forms that many servers share, because LangChain's classes
for it tell nobody what was used. Metered, limited, tried again and recorded as chats are."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import hypot, isfinite
from typing import Any

from agents.llm.attempt import Attempt, Heard
from agents.llm.budget import tokens_of
from agents.llm.client import egress
from agents.llm.endpoint import Ask, Endpoint, Reply
from agents.llm.errors import ModelAnsweredGarbage
from agents.llm.providers import provider
from nexod.kernel import run_port
from nexod.kernel.run_port import Recall
from tenants.context import release_connections

BATCH, BATCH_TOKENS = 64, 12_000
"""Texts and tokens a request: few servers take more than a hundred texts, some no more than 16,000 tokens together."""
Vector = list[float]


@dataclass(slots=True)
class Figures(Attempt):
    """An attempt whose answer is numbers."""

    answer: Any = None
    url: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def writes(self) -> bool:
        """Say no: room is needed for what is read only."""
        return False

    def listen(self) -> None:
        """Ask, and read what came and what it used."""
        release_connections()
        headers = provider(self.endpoint.provider).headers(self.endpoint)
        found = egress().post(self.url, json=self.body, headers=headers).json()
        self.first_token_s = time.monotonic() - self.started
        usage = found.get("usage") or {}
        self.usage = Heard.of({"input_tokens": usage["total_tokens"]}) if "total_tokens" in usage else None
        self.finish = "stop"
        self.answer = self._read(found)

    def kept(self, reply: Reply) -> Any:
        """Return the numbers as they are recorded."""
        return self.answer

    def recalled(self) -> Recall | None:
        """Return the place of these numbers in the run; ``answer`` is what was answered there before, if anything was."""
        port = run_port.current()
        if port is None:
            return None
        asked = {name: value for name, value in self.body.items() if name != "model"}
        recall = port.replay(self.endpoint.model, {"for": type(self).__name__.lower(), **asked})
        if recall.result is not None:
            self.answer = self._as_read(recall.result)
        return recall

    def _read(self, found: Any) -> Any:
        raise NotImplementedError

    def _as_read(self, recorded: Any) -> Any:
        """Return what was recorded as it was read then."""
        return recorded


@dataclass(slots=True)
class Embedding(Figures):
    """Vectors for texts, in OpenAI's form."""

    @classmethod
    def of(cls, endpoint: Endpoint, texts: Sequence[str]) -> Embedding:
        """Return the attempt."""
        url = provider(endpoint.provider).embeddings_url(endpoint)
        return cls(endpoint, _asked(texts), url=url, body={"model": endpoint.model, "input": list(texts)})

    def _read(self, found: Any) -> list[Vector]:
        rows = sorted(found["data"], key=lambda row: row["index"])
        vectors = [[float(number) for number in row["embedding"]] for row in rows]
        if len(vectors) != len(self.body["input"]) or len({len(vector) for vector in vectors}) != 1:
            raise ModelAnsweredGarbage
        if not all(isfinite(length := hypot(*vector)) and length for vector in vectors):
            raise ModelAnsweredGarbage
        return vectors


@dataclass(slots=True)
class Ranking(Figures):
    """Documents by how well they fit a query, in the form of Cohere, Jina and vLLM."""

    @classmethod
    def of(cls, endpoint: Endpoint, query: str, documents: Sequence[str], top: int | None) -> Ranking:
        """Return the attempt."""
        url = provider(endpoint.provider).rerank_url(endpoint)
        body = {"model": endpoint.model, "query": query, "documents": list(documents)}
        return cls(endpoint, _asked([query, *documents]), url=url, body=body | ({"top_n": top} if top else {}))

    def _read(self, found: Any) -> list[tuple[int, float]]:
        rows = [(int(row["index"]), float(row["relevance_score"])) for row in found["results"]]
        named = {index for index, _ in rows}
        if not named <= set(range(len(self.body["documents"]))) or len(named) < len(rows):
            raise ModelAnsweredGarbage
        if not all(isfinite(score) for _, score in rows):
            raise ModelAnsweredGarbage
        return sorted(rows, key=lambda row: -row[1])

    def _as_read(self, recorded: Any) -> list[tuple[int, float]]:
        return [(index, score) for index, score in recorded]


def batches(texts: Sequence[str]) -> list[list[str]]:
    """Return the texts, so many at a time as a request takes."""
    found: list[list[str]] = []
    room = 0
    for text in texts:
        tokens = tokens_of(_asked([text]))
        if not found or len(found[-1]) == BATCH or tokens > room:
            found.append([])
            room = BATCH_TOKENS
        found[-1].append(text)
        room -= tokens
    return found


def _asked(texts: Sequence[str]) -> Ask:
    return Ask(tuple({"role": "user", "content": text} for text in texts))
