"""What the engine needs to know of a definition, worked out once: for each node its type, its bounds and where it leads."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nexod.kernel.errors import NotFound
from workflows.definitions import Definition, Node
from workflows.definitions.document import JOIN
from workflows.definitions.graph import Graph
from workflows.errors import NodeTypeGone, RouteMissing, TextFailed
from workflows.expressions import names_in as names_in_expression
from workflows.nodes import registry
from workflows.nodes.base import ERROR, NodeType
from workflows.nodes.join import ALL, needed
from workflows.rendering import names_in as names_in_template

Json = dict[str, Any]
SCOPE = frozenset({"inputs", "nodes", "run", "visits"})
# These do neither wait nor think: they run in the driving thread, and their step is written once, when it is over.
INSTANT = frozenset({"approval", "condition", "join", "loop", "output", "switch", "template", "transform"})
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
    def limits_waits_s(self) -> float | None:
        """Return after how long what the node waits for has taken too long; None where only its work is bounded."""
        return self.node.timeout_s if self.kind.waits else None

    @property
    def only_computes(self) -> bool:
        """Say whether it asks nobody and waits for nothing, so that it can be walked through in one go."""
        return self.instant and self.kind.type not in ASKS

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
        """Say whether branches may run side by side."""
        return any(len(after) > 1 for node in self.nodes.values() for after in node.targets.values())

    @cached_property
    def only_computes(self) -> bool:
        """Say whether every run of it goes through in one go, from node to node."""
        return not self.branches and all(node.only_computes for node in self.nodes.values())

    @cached_property
    def callbacks(self) -> tuple[str, ...]:
        """Return the nodes that wait to be called back."""
        return tuple(
            node for node, plan in self.nodes.items() if "callback" in plan.node.config and plan.kind.type == "wait"
        )

    def follows(self, after: tuple[str, ...]) -> NodePlan | None:
        """Return the one node that follows in the same branch; None where branches part, meet or end."""
        return self.nodes[after[0]] if len(after) == 1 and after[0] not in self.joins else None

    @cached_property
    def joins(self) -> frozenset[str]:
        """Return the nodes where parallel branches may meet: they wait until every branch has arrived or ended."""
        if not self.branches:
            return frozenset()
        return frozenset(node for node, edges in self._arriving.items() if edges > 1 and node not in self.races)

    @cached_property
    def earlier(self) -> dict[str, frozenset[str]]:
        """Return for each join those that come before it: when both are due, the later one waits for the earlier.

        Of two that lead to each other, the one that comes first in the document.
        """
        graph, order = Graph(self.definition), {node: number for number, node in enumerate(self.nodes)}
        return {
            join: frozenset(
                other
                for other in self.joins - {join}
                if graph.can_precede(other, join) and (order[other] < order[join] or not graph.can_precede(join, other))
            )
            for join in self.joins
        }

    @cached_property
    def races(self) -> dict[str, int]:
        """Return how many branches each join waits for that does not wait for all of them."""
        joins = {node: plan.node.config for node, plan in self.nodes.items() if plan.kind.type == JOIN}
        return {
            node: needed(config, self._arriving[node])
            for node, config in joins.items()
            if config.get("mode", ALL) != ALL
        }

    @cached_property
    def stopped_by(self) -> dict[str, frozenset[str]]:
        """Return for each join that stops the other branches the nodes that lead nowhere else."""
        stopping = [node for node in self.races if self.nodes[node].node.config.get("others", "stop") == "stop"]
        return {join: self._only_to(join) for join in stopping}

    def _only_to(self, join: str) -> frozenset[str]:
        """Return the nodes from which no end is reached but through the join."""
        before: dict[str, set[str]] = {node: set() for node in self.nodes}
        for edge in self.definition.edges:
            if join not in (edge.source, edge.target):
                before[edge.target].add(edge.source)
        waiting = [node for node, plan in self.nodes.items() if node != join and plan.ends]
        elsewhere = set(waiting)
        while waiting:
            new = before[waiting.pop()] - elsewhere
            elsewhere |= new
            waiting.extend(new)
        return frozenset(self.nodes) - elsewhere - {join}

    @cached_property
    def _arriving(self) -> Counter[str]:
        return Counter(edge.target for edge in self.definition.edges)

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
    nodes = {node.id: planned_node(definition, node) for node in definition.nodes}
    return Plan(definition, {node: plan for node, plan in nodes.items() if plan.kind.runs})


def planned_node(definition: Definition, node: Node) -> NodePlan:
    """Return the plan of one node; raise NodeTypeGone."""
    targets: dict[str, tuple[str, ...]] = {}
    for edge in definition.leaving[node.id]:
        targets[edge.when] = (*targets.get(edge.when, ()), edge.target)
    return NodePlan(node, _kind(node), definition.routes(node.id), targets, definition.visits)


def _kind(node: Node) -> NodeType:
    """Return the node's type; raise NodeTypeGone for one that went after the definition was published."""
    try:
        return registry.get(node.type)
    except NotFound as error:
        raise NodeTypeGone(error.message, node=node.id) from error
