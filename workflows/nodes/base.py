"""What a node type is: one JSON Schema, one check, one ``run``. Free of LangGraph, so that the web process can import it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from nexod.kernel.run_port import Answer as Answer
from nexod.kernel.run_port import Question as Question

if TYPE_CHECKING:
    from agents.credentials.facts import Facts

Json = dict[str, Any]
ERROR = "error"
"""The route by which every node is left when it has failed for good; no node may choose it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a definition, and where: ``node`` and a dotted ``field`` (either may be empty)."""

    code: str
    message: str
    node: str = ""
    field: str = ""


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
    """``{"inputs": {...}, "nodes": {id: output}, "visits": {id: n}, "run": {"id", ...}}``: what expressions see."""
    routes: frozenset[str]
    """The labels on the edges that leave the node; empty when they have none."""

    def ask(self, question: Question) -> Answer:
        """Park the run until a person has answered; when resumed, return the answer."""

    def wait_until(self, at: datetime) -> None:
        """Park the run until the time has come; when resumed, return."""

    def wait_for_callback(self, *, timeout_s: float | None = None) -> tuple[bool, Any]:
        """Park the run until this node is called back; then return whether that was in time, and what came with it."""

    def call_workflow(self, workflow: str, inputs: Json) -> Json:
        """Start a run of the workflow with that slug, once, and park this one until it is over; return its outputs."""

    def members(self, *, addresses: Sequence[str] = (), roles: Sequence[str] = ()) -> list[str]:
        """Return the addresses of active members: those that are among ``addresses``, or who have one of the roles."""

    def announce(self, event: str, data: Json) -> None:
        """Tell the tenant that something happened, once however often the step begins."""

    arrived: Sequence[str]
    """Of a join, the nodes by which branches have come in so far."""

    def each(
        self, node: str, items: Sequence[Any], *, at_once: int, stops: bool
    ) -> tuple[list[Json | None], list[Json]]:
        """Have ``node`` do its work for every item; return its outputs in their order, and ``{"index", "code", "message"}``
        of what failed. With ``stops`` nothing new is begun after a failure."""

    def publish(self, *, name: str, media_type: str, content: str) -> str:
        """Store an artifact of the run; return its id."""


class References(Protocol):
    """What a definition may name in its tenant: kinds are agent, credential, crew, knowledge_base, model, tool, workflow."""

    def has(self, kind: str, slug: str) -> bool:
        """Say whether the tenant has it."""

    def inputs(self, workflow: str) -> Json | None:
        """Return the JSON Schema of what the published workflow takes; None where that is not known."""

    def credential(self, slug: str) -> Facts | None:
        """Return what may be known of a credential; None where there is none, or where that is not known."""


@dataclass(frozen=True, slots=True)
class CheckedNode:
    """A node as the validation sees it."""

    id: str
    type: str
    config: Json = field(default_factory=dict)
    routes: frozenset[str] = frozenset()
    """The labels on the edges that leave it, that for failing left out; an edge without a label counts as ``""``."""


@dataclass(frozen=True, slots=True)
class Reference:
    """That a config names something of the tenant, and in which field."""

    kind: str
    slug: str
    field: str


@dataclass(frozen=True, slots=True)
class Expression:
    """A CEL expression of a config, and what it must give: ``any``, or one of ``workflows.expressions.GIVES``."""

    source: str
    gives: str = "any"


class NodeType:
    """Base of every node type. Subclasses set the class variables and write ``run``; the rest describes their config."""

    type: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    schema: ClassVar[Mapping[str, Any]]
    """JSON Schema of the config."""
    example: ClassVar[Json]
    """A config as people write one; it names inputs only."""
    may_undo: ClassVar[bool] = True
    """Whether a node of this type can undo another one: it asks nobody and chooses no way."""
    may_repeat: ClassVar[bool] = True
    """Whether a map may have a node of this type do its work: it chooses no way."""
    waits: ClassVar[bool] = False
    """Whether waiting is all that it does, so that its time limit bounds that."""
    runs: ClassVar[bool] = True
    """Whether a run comes to it; what does not is there for people, and no edge touches it."""

    def templates(self, config: Json) -> dict[str, str]:
        """Return the templates of a config by dotted field."""
        return {}

    def expressions(self, config: Json) -> dict[str, Expression]:
        """Return the CEL expressions of a config by dotted field."""
        return {}

    def taken(self, config: Json, references: References) -> dict[str, str]:
        """Return what expressions must give, by dotted field, where that is known only to what the config names."""
        return {}

    def field_of(self, config: Json, source: str) -> str:
        """Return the field of the node in which that template or expression is written; empty when in none."""
        written = self.templates(config) | {at: found.source for at, found in self.expressions(config).items()}
        return next((f"config.{at}" for at, text in written.items() if text == source), "")

    def references(self, config: Json) -> list[Reference]:
        """Return what the config names in its tenant."""
        return []

    def output(self, config: Json) -> Json:
        """Return the JSON Schema of the node's output, as far as the config tells."""
        return {"type": "object"}

    def check(self, node: CheckedNode, references: References) -> list[Problem]:
        """Return what JSON Schema cannot see: unknown references, wrong or missing routes."""
        return [*missing_references(self, node, references), *refused_labels(node)]

    def run(self, call: NodeCall) -> NodeResult:
        """Do the work; raise a NexodError that states the fact when it cannot be done."""
        raise TypeError(f"{type(self).__name__} does not say what it does.")


def missing_references(kind: NodeType, node: CheckedNode, references: References) -> list[Problem]:
    """Return a problem for each thing that the config names and the tenant has not."""
    return [
        Problem(f"unknown_{found.kind}", _missing(found), node.id, f"config.{found.field}")
        for found in kind.references(node.config)
        if not references.has(found.kind, found.slug)
    ]


def refused_labels(node: CheckedNode) -> list[Problem]:
    """Return a problem when edges that leave a node without routes carry labels."""
    labels = sorted(node.routes - {""})
    if not labels:
        return []
    message = f"A node of type {node.type} has no routes, but edges that leave it are labelled {', '.join(labels)}."
    return [Problem("unexpected_route", message, node.id)]


def reserved_routes(node: CheckedNode, routes: Mapping[str, str]) -> list[Problem]:
    """Return a problem for each route, by its field, that a config calls like the one that failed nodes are left by."""
    message = f"The route {ERROR!r} is the one that is taken when the node fails; call this one otherwise."
    return [Problem("reserved_route", message, node.id, field) for field, route in routes.items() if route == ERROR]


def _missing(found: Reference) -> str:
    if found.kind == "model" and not found.slug:
        return "There is no default model connection; name a model here or add a default one."
    return f"There is no {found.kind.replace('_', ' ')} {found.slug!r}."
