"""What the engine needs to know of a definition, worked out once: for each node its type, its bounds and where it leads."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nexod.kernel.errors import NotFound
from workflows.definitions import Definition, Node
from workflows.errors import NodeTypeGone, RouteMissing, TextFailed
from workflows.expressions import names_in as names_in_expression
from workflows.nodes import registry
from workflows.nodes.base import ERROR, NodeType
from workflows.rendering import names_in as names_in_template

Json = dict[str, Any]
SCOPE = frozenset({"inputs", "nodes", "run", "visits"})
# These do neither wait nor think: they run in the driving thread, and their step is written once, when it is over.
INSTANT = frozenset({"approval", "condition", "output", "template"})
# These may park the run, which then goes on from what was given before them.
ASKS = frozenset({"approval"})


@dataclass(frozen=True)
class NodePlan:
    """One node: what it does and how far it may go."""

    node: Node
    kind: NodeType
    routes: frozenset[str]
    targets: dict[str, tuple[str, ...]]
    visits: int

    @property
    def id(self) -> str:
        """Return the node's id."""
        return self.node.id

    @property
    def instant(self) -> bool:
        """Say whether it needs no thread of its own and no step row before it is over."""
        return self.kind.type in INSTANT and self.node.timeout_s is None

    @property
    def catches(self) -> bool:
        """Say whether an edge leads on when the node has failed."""
        return bool(self.targets.get(ERROR))

    @property
    def ends(self) -> bool:
        """Say whether nothing follows, unless the node fails."""
        return not self.targets.keys() - {ERROR}

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """Return the dotted names that the templates and expressions of the config take: ``nodes.draft.text``."""
        config = self.node.config
        found = {name for e in self.kind.expressions(config).values() for name in names_in_expression(e.source)}
        with suppress(TextFailed):  # which the node will raise itself, and then it is told where
            found |= {name for text in self.kind.templates(config).values() for name in names_in_template(text)}
        return tuple(sorted(name for name in found if name.partition(".")[0] in SCOPE))

    def after(self, route: str) -> tuple[str, ...]:
        """Return the nodes that follow when the node leaves by ``route``; raise RouteMissing when it has no such edge."""
        found = self.targets.get(route) or self.targets.get("", ())
        if route and not found and not self.ends:
            raise RouteMissing(f"No edge leaves {self.id!r} by the route {route!r}.", details={"route": route})
        return found


@dataclass(frozen=True)
class Plan:
    """A definition, ready to be executed."""

    definition: Definition
    nodes: dict[str, NodePlan]

    @property
    def timeout_s(self) -> float | None:
        """Return how long the run may work, waiting for people not counted."""
        return self.definition.limits.timeout_s

    @cached_property
    def branches(self) -> bool:
        """Say whether nodes may run side by side."""
        return any(len(after) > 1 for node in self.nodes.values() for after in node.targets.values())

    def computes_after(self, after: tuple[str, ...]) -> NodePlan | None:
        """Return the one node that follows when it only computes, where no branches run side by side."""
        if self.branches or len(after) != 1:
            return None
        following = self.nodes[after[0]]
        return following if following.instant and following.kind.type not in ASKS else None

    @cached_property
    def joins(self) -> frozenset[str]:
        """Return the nodes where parallel branches may meet: they wait until every branch has arrived or ended."""
        if not self.branches:
            return frozenset()
        arriving = Counter(edge.target for edge in self.definition.edges)
        return frozenset(node for node, edges in arriving.items() if edges > 1)

    def outputs(self, state: Json) -> Json:
        """Return what the run gives: the values of its output nodes, else the output of the node at the end.

        Where several ends without an output node were reached, each gives its output under its own id.
        """
        given: Json = state.get("nodes", {})
        outputs = [given[node] for node, plan in self.nodes.items() if plan.kind.type == "output" and node in given]
        if outputs:
            return {name: value for output in outputs for name, value in output.get("outputs", {}).items()}
        ends = {
            node: given[node]
            for node, plan in self.nodes.items()
            if plan.ends and node in given and not (plan.catches and ERROR in given[node])
        }
        return next(iter(ends.values())) if len(ends) == 1 else ends


def planned(definition: Definition) -> Plan:
    """Return the plan of a definition."""
    return Plan(definition, {node.id: planned_node(definition, node) for node in definition.nodes})


def planned_node(definition: Definition, node: Node) -> NodePlan:
    """Return the plan of one node; raise NodeTypeGone."""
    targets: dict[str, tuple[str, ...]] = {}
    for edge in definition.leaving[node.id]:
        targets[edge.when] = (*targets.get(edge.when, ()), edge.target)
    return NodePlan(node, _kind(node), definition.routes(node.id), targets, definition.limits.visits)


def _kind(node: Node) -> NodeType:
    """Return the node's type; raise NodeTypeGone for one that went after the definition was published."""
    try:
        return registry.get(node.type)
    except NotFound as error:
        raise NodeTypeGone(error.message, node=node.id) from error
