"""The definition document, format ``nexod.workflow/1``: what the engine executes. Immutable once parsed."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from workflows.nodes.base import ERROR

FORMAT = "nexod.workflow/1"
MAX_NODES = 5_000
MAX_EDGES = 20_000
LOOP, MAP, JOIN = "loop", "map", "join"
"""Types of nodes that shape the graph: one goes round in bounds of its own, one repeats another node, one gathers branches."""
NODE_ID = r"^[A-Za-z][A-Za-z0-9_]{0,59}$"
DEFAULT_VISITS = 10
MAX_VISITS = 100
MAX_SECONDS = 7 * 24 * 3600
MAX_WAIT_S = 24 * 3600
ERROR_KINDS = ("timeout", "rate_limited", "unavailable", "model_error", "any")

ErrorName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,59}$")]
NodeId = Annotated[str, Field(pattern=NODE_ID, description="Letters, digits and _; expressions say nodes.<id>")]


class Part(BaseModel):
    """A closed, frozen part of a definition."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, strict=True)


class Retry(Part):
    """How often a failed step is tried, after which errors, and how long it waits: ``backoff_s``, times ``factor`` each time.

    With ``jitter`` "full" a wait is a random part of that. What the error itself asks for (Retry-After) is honoured.
    """

    attempts: int = Field(default=1, ge=1, le=10)
    backoff_s: float = Field(default=1.0, ge=0, le=300, description="The first wait")
    factor: float = Field(default=2.0, ge=1, le=10)
    max_backoff_s: float = Field(default=3_600.0, ge=0, le=MAX_WAIT_S, description="The longest wait")
    jitter: Literal["full", "none"] = "full"
    on: list[ErrorName] = Field(
        default_factory=list,
        max_length=20,
        description=f"{', '.join(ERROR_KINDS)}, or codes of errors; empty: what may pass by itself",
    )


class Node(Part):
    """One step of the workflow; ``config`` is described by its type's own schema."""

    id: NodeId
    type: str = Field(max_length=30)
    title: str = Field(default="", max_length=120)
    config: dict[str, Any] = Field(default_factory=dict)
    timeout_s: float | None = Field(default=None, gt=0, le=MAX_SECONDS)
    retry: Retry = Field(default_factory=Retry, json_schema_extra={"default": Retry().model_dump(mode="json")})
    undo: NodeId | None = Field(
        default=None,
        description="The node that undoes this one when the run fails or is cancelled later; no edge leads to it",
    )


class Edge(Part):
    """What comes after what; ``when`` names a route of a condition or approval, or "error": taken when the node has failed."""

    source: NodeId = Field(alias="from")
    target: NodeId = Field(alias="to")
    when: str = Field(default="", max_length=60)


class Limits(Part):
    """Bounds on one run: visits per node, and seconds of work (waiting for people not counted)."""

    visits: int = Field(default=DEFAULT_VISITS, ge=1, le=MAX_VISITS)
    timeout_s: float | None = Field(default=None, gt=0, le=MAX_SECONDS)


class Definition(Part):
    """A workflow: nodes, the edges between them, the inputs it takes."""

    format: Literal["nexod.workflow/1"]
    name: str = Field(min_length=1, max_length=120)
    description: str = Field(default="", max_length=2000)
    inputs: dict[str, Any] = Field(default_factory=lambda: {"type": "object", "properties": {}})
    start: NodeId
    nodes: list[Node] = Field(min_length=1, max_length=MAX_NODES)
    edges: list[Edge] = Field(default_factory=list, max_length=MAX_EDGES)
    limits: Limits = Limits()

    @cached_property
    def by_id(self) -> dict[str, Node]:
        """Return the nodes by id."""
        return {node.id: node for node in self.nodes}

    @cached_property
    def visits(self) -> int:
        """Return how often each node may run: what the limits say, else the most where loops bound themselves."""
        loops = "visits" not in self.limits.model_fields_set and any(node.type == LOOP for node in self.nodes)
        return MAX_VISITS if loops else self.limits.visits

    @cached_property
    def leaving(self) -> dict[str, list[Edge]]:
        """Return the edges that leave each node, in the document's order."""
        found: dict[str, list[Edge]] = {node.id: [] for node in self.nodes}
        for edge in self.edges:
            found.setdefault(edge.source, []).append(edge)
        return found

    def routes(self, node: str) -> frozenset[str]:
        """Return the labels among which ``node`` chooses; what ``NodeCall.routes`` is. Failing is no choice."""
        return frozenset(edge.when for edge in self.leaving[node] if edge.when) - {ERROR}

    @cached_property
    def repeated(self) -> dict[str, str]:
        """Return for each node that does the work of a map which map that is."""
        maps = [node for node in self.nodes if node.type == MAP and isinstance(node.config.get("each"), str)]
        return {node.config["each"]: node.id for node in maps}

    @cached_property
    def apart(self) -> dict[str, str]:
        """Return for each node that no edge leads to, and that runs all the same, the node that it belongs to."""
        return {**self.undone, **self.repeated}

    @cached_property
    def undone(self) -> dict[str, str]:
        """Return for each node that undoes another one which that is."""
        return {node.undo: node.id for node in self.nodes if node.undo is not None}

    def catches(self, node: str) -> bool:
        """Say whether an edge leads on when ``node`` has failed."""
        return any(edge.when == ERROR for edge in self.leaving[node])
