"""Definitions and calls of nodes for tests: one small valid workflow, tenants that have everything or nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workflows.nodes.base import Answer, Json, Problem, Question

SCORED: Json = {
    "format": "nexod.workflow/1",
    "name": "Scored answer",
    "inputs": {
        "type": "object",
        "required": ["topic"],
        "properties": {"topic": {"type": "string"}, "bar": {"type": "integer", "default": 6}},
    },
    "start": "look",
    "limits": {"visits": 3},
    "nodes": [
        {"id": "look", "type": "knowledge", "config": {"knowledge_base": "docs", "query": "{{ inputs.topic }}"}},
        {
            "id": "ask",
            "type": "llm",
            "config": {
                "prompt": "{{ nodes.look.text }}{% if nodes.gate %} Again.{% endif %}",
                "output_schema": {
                    "type": "object",
                    "properties": {
                        "score": {"type": "integer"},
                        "sources": {"type": "array", "items": {"type": "string", "x-enum-from": "nodes.look.ids"}},
                    },
                },
            },
        },
        {
            "id": "gate",
            "type": "condition",
            "config": {
                "cases": [{"route": "again", "when": "nodes.ask.data.score < inputs.bar && visits.ask < 3"}],
                "default": "done",
            },
        },
        {"id": "end", "type": "output", "config": {"outputs": {"score": {"cel": "nodes.ask.data.score"}}}},
    ],
    "edges": [
        {"from": "look", "to": "ask"},
        {"from": "ask", "to": "gate"},
        {"from": "gate", "to": "ask", "when": "again"},
        {"from": "gate", "to": "end", "when": "done"},
    ],
}


def scored(change: Callable[[Json], object] | None = None) -> Json:
    """Return a copy of the workflow, changed."""
    document = copy.deepcopy(SCORED)
    if change:
        change(document)
    return document


def chain(length: int, config: Callable[[int], Json] | None = None) -> Json:
    """Return templates in a row and an output at the end; ``length`` nodes in all."""
    config = config or (lambda number: {"template": "x"})
    nodes = [{"id": f"n{i}", "type": "template", "config": config(i)} for i in range(length - 1)]
    end = {"id": f"n{length - 1}", "type": "output", "config": {"outputs": {"x": {"template": "x"}}}}
    edges = [{"from": f"n{i}", "to": f"n{i + 1}"} for i in range(length - 1)]
    return {"format": "nexod.workflow/1", "name": "c", "start": "n0", "nodes": [*nodes, end], "edges": edges}


def node(document: Json, id_: str) -> Json:
    """Return the node of that id."""
    found: Json = next(found for found in document["nodes"] if found["id"] == id_)
    return found


class Everything:
    """A tenant that has whatever is named."""

    def has(self, kind: str, slug: str) -> bool:
        """Say yes."""
        return True

    def inputs(self, workflow: str) -> dict[str, Any] | None:
        """Say that it is not known."""
        return None

    def credential(self, slug: str) -> None:
        """Say that it is not known."""


class Nothing:
    """A tenant that has nothing."""

    def has(self, kind: str, slug: str) -> bool:
        """Say no."""
        return False

    def inputs(self, workflow: str) -> dict[str, Any] | None:
        """Say that it is not known."""
        return None

    def credential(self, slug: str) -> None:
        """Say that it is not known."""


def places(problems: list[Problem]) -> list[tuple[str, str, str]]:
    """Return code, node and field of each problem."""
    return [(problem.code, problem.node, problem.field) for problem in problems]


APPROVED = Answer("approve", actor="ann@acme.test")


@dataclass
class Call:
    """A NodeCall that remembers; ``answer`` is what the person says."""

    config: Json
    values: Json = field(default_factory=lambda: {"inputs": {}, "nodes": {}, "visits": {}, "run": {"id": "r"}})
    routes: frozenset[str] = frozenset()
    visit: int = 1
    answer: Answer = APPROVED
    node: str = "n"
    run_id: str = "r"
    step_id: str = "s"
    arrived: tuple[str, ...] = ()
    asked: list[Question] = field(default_factory=list)
    published: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, question: Question) -> Answer:
        """Answer at once."""
        self.asked.append(question)
        return self.answer

    def wait_until(self, at: datetime) -> None:
        """Go on at once."""

    def wait_for_callback(self, *, timeout_s: float | None = None) -> tuple[bool, Any]:
        """Be called back at once."""
        return True, None

    def call_workflow(self, workflow: str, inputs: Json) -> Json:
        """Give back what came in."""
        return inputs

    def members(self, *, addresses: Sequence[str] = (), roles: Sequence[str] = ()) -> list[str]:
        """Everybody is a member."""
        return [*addresses, *(f"{role}@acme.test" for role in roles)]

    def announce(self, event: str, data: Json) -> None:
        """Tell nobody."""

    def each(
        self, node: str, items: Sequence[Any], *, at_once: int, stops: bool
    ) -> tuple[list[Json | None], list[Json]]:
        """Give every item back."""
        return [{"item": item} for item in items], []

    def publish(self, *, name: str, media_type: str, content: str) -> str:
        """Keep the artifact."""
        self.published.append({"name": name, "media_type": media_type, "content": content})
        return f"artifact-{len(self.published)}"
