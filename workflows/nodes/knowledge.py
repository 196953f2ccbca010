"""Knowledge: passages of documents for a query, each with a short name to cite it by."""

from __future__ import annotations

from typing import Any

from agents.knowledge.options import METADATA, SCHEMA, how_of, is_chosen
from nexod.kernel import run_port
from nexod.kernel.events import KnowledgeRetrieved, RetrievedPassage
from workflows.nodes import fields
from workflows.nodes.base import Json, NodeCall, NodeResult, NodeType, Reference
from workflows.nodes.errors import NothingFound
from workflows.rendering import render

DEFAULT_LIMIT = 6
DEFAULT_CHARACTERS = 1_200
_INTEGER = {"type": "integer"}
_PASSAGE = {
    **dict.fromkeys(("ref", "document_id", "document_title", "heading", "lead", "text"), fields.TEXT),
    **dict.fromkeys(("chunk_id", "start", "end"), _INTEGER),
    "page": {"type": ["integer", "null"]},
    "score": {"type": "number"},
}


class KnowledgeNode(NodeType):
    """Gives ``{"passages", "ids", "text", "query"}``: ``ids`` are the names to cite by, ``text`` is what a prompt needs."""

    type = "knowledge"
    title = "Knowledge"
    description = "Looks passages up in a knowledge base."
    schema = fields.closed(
        ("knowledge_base", "query"),
        {
            "knowledge_base": fields.slug("Knowledge base", "knowledge_base"),
            "query": fields.template("Query", empty=False),
            "limit": {
                "type": "integer",
                "title": "Passages",
                "minimum": 1,
                "maximum": 50,
                "default": DEFAULT_LIMIT,
            },
            "passage_characters": {
                "type": "integer",
                "title": "Characters of each passage in the text",
                "minimum": 50,
                "maximum": 20_000,
                "default": DEFAULT_CHARACTERS,
            },
            **SCHEMA["properties"],
            "metadata": {**METADATA, "additionalProperties": fields.template("Value")},
            "required": {"type": "boolean", "title": "Fail when nothing is found", "default": False},
        },
    )
    example = {
        "knowledge_base": "library",
        "query": "{{ inputs.topic }}",
        "limit": 6,
        "passage_characters": 800,
        "neighbours": 1,
        "metadata": {"country": "{{ inputs.country }}"},
        "required": True,
    }

    def templates(self, config: Json) -> dict[str, str]:
        return {
            "query": config["query"],
            **{f"metadata.{name}": text for name, text in config.get("metadata", {}).items()},
        }

    def references(self, config: Json) -> list[Reference]:
        asked = ((f"{way}.connection", config[way]) for way in ("rerank", "rewrite") if is_chosen(config.get(way)))
        models = [Reference("model", model.get("connection", ""), field) for field, model in asked]
        return [Reference("knowledge_base", config["knowledge_base"], "knowledge_base"), *models]

    def output(self, config: Json) -> Json:
        passages = {"type": "array", "items": fields.closed((), _PASSAGE)}
        return fields.closed((), {"passages": passages, "ids": fields.TEXTS, "text": fields.TEXT, "query": fields.TEXT})

    def run(self, call: NodeCall) -> NodeResult:
        from agents.knowledge.retrieve import retrieve

        config = call.config
        query = " ".join(render(config["query"], call.values).split())
        how = how_of({**config, "metadata": self._metadata(call)})
        found = retrieve(config["knowledge_base"], query, limit=config.get("limit", DEFAULT_LIMIT), **how)
        passages = [_as_json(passage) for passage in found]
        titles = list(dict.fromkeys(passage["document_title"] for passage in passages))
        _tell(query, passages, titles)
        if not passages and config.get("required"):
            raise NothingFound(
                f"Nothing in {config['knowledge_base']!r} matches {query[:200]!r}. Add documents, or ask differently."
            )
        text = numbered(passages, config.get("passage_characters", DEFAULT_CHARACTERS))
        output = {"passages": passages, "ids": [passage["ref"] for passage in passages], "text": text, "query": query}
        return NodeResult(output, summary=f"{len(passages)} passages of {len(titles)} documents")

    def _metadata(self, call: NodeCall) -> Json:
        """Return what documents must have: what a template leaves empty is not asked for."""
        texts = {name: render(text, call.values).strip() for name, text in call.config.get("metadata", {}).items()}
        return {name: text for name, text in texts.items() if text}


def numbered(passages: list[Json], characters: int) -> str:
    """Return the passages as a prompt shows them: ``[D1] Title, Heading`` and the beginning of the text below it."""
    return "\n\n".join(
        f"[{passage['ref']}] {', '.join(filter(None, (passage['document_title'], passage['heading'])))}\n"
        f"{_line(passage.get('lead', ''))}"
        f"{shortened(' '.join(passage['text'].split()), characters)}"
        for passage in passages
    )


def _line(lead: str) -> str:
    """Return the names of a table's columns as a line of their own; nothing where there are none."""
    return f"{' '.join(lead.split())}\n" if lead else ""


def shortened(text: str, characters: int) -> str:
    """Return the text, cut at a word with an ellipsis when it is longer than ``characters``."""
    if len(text) <= characters:
        return text
    cut = text[: characters - 1]
    return (cut.rpartition(" ")[0] or cut).rstrip(" ,;:") + "…"


def _as_json(passage: Any) -> Json:
    return {
        "ref": passage.ref.strip("[]"),
        "chunk_id": passage.chunk_id,
        "document_id": str(passage.document_id),
        "document_title": passage.document_title,
        "heading": passage.heading or "",
        "page": passage.page,
        "start": passage.start,
        "end": passage.end,
        "lead": passage.lead,
        "text": passage.text,
        "score": round(passage.score, 6),
    }


def _tell(query: str, found: list[Json], documents: list[str]) -> None:
    port = run_port.current()
    if port is not None:
        port.emit(
            KnowledgeRetrieved(
                node=port.node,
                step=port.step_id,
                query=query[:500],
                chunks=len(found),
                documents=documents,
                passages=[
                    RetrievedPassage(ref=one["ref"], chunk=one["chunk_id"], start=one["start"], end=one["end"])
                    for one in found
                ],
            )
        )
