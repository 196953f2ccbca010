"""What a node type is: one JSON Schema, one check, one ``run``. Free of LangGraph, so that the web process can import it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a definition, and where: ``node`` and a dotted ``field`` (either may be empty)."""

    code: str
    message: str
    node: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked: Markdown or JSON ``content`` under a ``title``, and who may answer."""

    title: str
    content: str
    instructions: str = ""
    roles: tuple[str, ...] = ("owner", "admin", "approver")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person decided: ``decision`` is approve, reject, request_changes or edit."""

    decision: str
    comment: str = ""
    content: str = ""
    actor: str = ""


@dataclass(frozen=True, slots=True)
class NodeResult:
    """What a node gives on: ``output`` for later nodes, ``route`` to choose among labelled edges, one line for people."""

    output: Json
    route: str = ""
    summary: str = ""


class NodeCall(Protocol):
    """What the engine hands to a node when it runs."""

    run_id: str
    step_id: str
    node: str
    visit: int
    config: Json
    values: Json
    """``{"inputs": {...}, "nodes": {id: output}, "visits": {id: n}, "run": {"id", "topic"...}}``: what expressions see."""

    def ask(self, question: Question) -> Answer:
        """Park the run until a person has answered; when resumed, return the answer."""

    def publish(self, *, name: str, media_type: str, content: str) -> str:
        """Store an artifact of the run; return its id."""


class References(Protocol):
    """What a definition may name in its tenant: kinds are agent, crew, knowledge_base, model."""

    def has(self, kind: str, slug: str) -> bool:
        """Say whether the tenant has it."""


@dataclass(frozen=True, slots=True)
class CheckedNode:
    """A node as the validation sees it."""

    id: str
    type: str
    config: Json = field(default_factory=dict)
    routes: frozenset[str] = frozenset()
    """The labels on the edges that leave it; empty when they have none."""


class NodeType:
    """Base of every node type. Subclasses set the four class variables and write ``run``."""

    type: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    schema: ClassVar[Mapping[str, Any]]

    def check(self, node: CheckedNode, references: References) -> list[Problem]:
        """Return what JSON Schema cannot see: bad expressions, unknown references, missing routes."""
        return []

    def run(self, call: NodeCall) -> NodeResult:
        """Do the work; raise a NexodError that states the fact when it cannot be done."""
        raise TypeError(f"{type(self).__name__} does not say what it does.")
