"""What is wrong with maps and joins: work that cannot be repeated, branches that cannot meet."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from workflows.definitions.document import JOIN, MAP, Definition, Edge, Node
from workflows.definitions.graph import Graph
from workflows.nodes import registry
from workflows.nodes.base import Problem
from workflows.nodes.join import ALL, COUNT, needed


def branching_problems(definition: Definition, graph: Graph, sound: Sequence[Node]) -> list[Problem]:
    """Return what is wrong with the maps and the joins among the ``sound`` nodes, whose configs fit."""
    touched = {end for edge in definition.edges for end in (edge.source, edge.target)} | {definition.start}
    touched |= set(definition.undone)
    owners = Counter(node.config["each"] for node in sound if node.type == MAP)
    maps = (problem for node in sound if node.type == MAP for problem in _map(node, definition, touched, owners))
    ways = Ways(definition, graph)
    joins = (problem for node in sound if node.type == JOIN for problem in _join(node, ways))
    return [*maps, *joins]


class Ways:
    """The edges by where they lead and how many leave beside them, once for all joins: each would go through all edges."""

    def __init__(self, definition: Definition, graph: Graph) -> None:
        self.into: dict[str, list[Edge]] = defaultdict(list)
        for edge in definition.edges:
            self.into[edge.target].append(edge)
        self.forks = Counter((edge.source, edge.when) for edge in definition.edges)
        self.circling = {node for cycle in graph.cycles for node in cycle}


def _map(node: Node, definition: Definition, touched: set[str], owners: Counter[str]) -> Iterator[Problem]:
    work = definition.by_id.get(node.config["each"])
    if work is None:
        yield Problem("unknown_node", f"There is no node {node.config['each']!r}.", node.id, "config.each")
        return
    refusals = {
        f"{work.id!r} does the work of this map, so no edge may lead to it or from it, and it may undo nothing.": (
            work.id in touched
        ),
        f"A map cannot repeat a node of type {work.type}.": (
            registry.known(work.type) and not registry.get(work.type).may_repeat
        ),
        f"{work.id!r} does the work of another map already.": owners[work.id] > 1,
    }
    yield from (Problem("bad_map", message, node.id, "config.each") for message, is_so in refusals.items() if is_so)


def _join(node: Node, ways: Ways) -> Iterator[Problem]:
    edges = ways.into[node.id]
    incoming = len(edges)
    mode = node.config.get("mode", ALL)
    if mode == COUNT and "count" not in node.config:
        yield Problem("bad_config", "Say how many branches it waits for.", node.id, "config.count")
    elif (count := needed(node.config, incoming)) > incoming:
        message = f"Only {incoming} edges lead to it, so it cannot wait for {count} branches."
        yield Problem("bad_join", message, node.id, "config.count")
    for edge in edges if mode != ALL else ():
        if ways.forks[edge.source, edge.when] > 1:
            message = (
                f"{edge.source!r} leads to several nodes at once, so no branch has begun there; put a node between."
            )
            yield Problem("bad_join", message, node.id, "config.mode")
    if mode != ALL and node.id in ways.circling:
        message = "In a cycle nobody can tell one round's branches from the next one's; there it has to wait for all."
        yield Problem("bad_join", message, node.id, "config.mode")
