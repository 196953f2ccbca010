"""Looks passages up in the knowledge bases of the agent, and in no others. Each has a name to cite it by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.knowledge.options import METADATA, SCHEMA, how_of
from agents.tools.base import Approval, BoundTool, Json, Tool
from nexod.kernel import run_port
from nexod.kernel.events import KnowledgeRetrieved, RetrievedPassage

DEFAULT_PASSAGES, DEFAULT_CHARACTERS = 6, 1_200
NOTHING = "Nothing was found. Ask in other words, or say that you do not know."


class KnowledgeSearch(Tool):
    """Gives passages, each under ``[D1]``, document and heading. The agent's knowledge bases are put into its settings."""

    name = "knowledge_search"
    title = "Knowledge search"
    description = "Searches the agent's documents and returns passages. Cite what you use by its name, such as [D1]."
    parameters = {
        "type": "object",
        "properties": {
            "query": {"type": "string", "minLength": 1, "maxLength": 1_000, "description": "What to look for"},
        },
        "required": ["query"],
        "additionalProperties": False,
    }
    settings = {
        "type": "object",
        "properties": {
            "passages": {
                "type": "integer",
                "title": "Passages",
                "minimum": 1,
                "maximum": 20,
                "default": DEFAULT_PASSAGES,
            },
            "passage_characters": {
                "type": "integer",
                "title": "Characters of each passage",
                "minimum": 50,
                "maximum": 4_000,
                "default": DEFAULT_CHARACTERS,
            },
            **SCHEMA["properties"],
            "metadata": METADATA,
        },
        "additionalProperties": False,
    }
    alone = False

    def bind(self, settings: Json, approval: Approval = "never", *, knowledge: Sequence[str] = ()) -> BoundTool:
        """Return the tool for the agent's own knowledge bases."""
        return super().bind({**settings, "knowledge_bases": list(knowledge)}, approval)

    def run(self, arguments: Json, settings: Json, key: str) -> str:
        """Return the passages as a prompt shows them."""
        found = passages(settings.get("knowledge_bases", []), arguments["query"], settings)
        return found or NOTHING


def passages(bases: Sequence[str], query: str, settings: Json) -> str:
    """Return what the knowledge bases have for the query, the best first, numbered through; empty when nothing."""
    from agents.knowledge.retrieve import retrieve

    query = " ".join(query.split())
    limit, how = settings.get("passages", DEFAULT_PASSAGES), how_of(settings)
    found = [passage for base in bases for passage in retrieve(base, query, limit=limit, **how)]
    best = sorted(found, key=lambda passage: -passage.score)[:limit]
    named = _named(best)
    _tell(query, named)
    characters = settings.get("passage_characters", DEFAULT_CHARACTERS)
    return "\n\n".join(_shown(ref, passage, characters) for ref, passage in named)


def _named(found: Sequence[Any]) -> list[tuple[str, Any]]:
    """Return the passages with the names to cite them by: in a step of a run each passage has one, whatever search it comes of."""
    port = run_port.current()
    before = port.told(KnowledgeRetrieved.type) if port is not None else []
    known = {
        one["chunk"]: one["ref"]
        for data in before
        if port is not None and data["step"] == port.step_id
        for one in data.get("passages", ())
    }
    for passage in found:
        known.setdefault(passage.chunk_id, f"D{len(known) + 1}")
    return [(known[passage.chunk_id], passage) for passage in found]


def _shown(ref: str, passage: Any, characters: int) -> str:
    text = " ".join(passage.text.split())
    if len(text) > characters:
        text = text[:characters].rpartition(" ")[0] + "…"
    source = ", ".join(filter(None, (passage.document_title, passage.heading)))
    return "\n".join(filter(None, (f"[{ref}] {source}", " ".join(passage.lead.split()), text)))


def _tell(query: str, named: Sequence[tuple[str, Any]]) -> None:
    port = run_port.current()
    if port is not None:
        titles = list(dict.fromkeys(passage.document_title for _, passage in named))
        passages = [RetrievedPassage(ref=ref, chunk=one.chunk_id, start=one.start, end=one.end) for ref, one in named]
        told = KnowledgeRetrieved(
            node=port.node, step=port.step_id, query=query[:500], chunks=len(named), documents=titles, passages=passages
        )
        port.emit(told)
