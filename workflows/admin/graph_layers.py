"""Which node of a drawing stands in which layer, and in which order: edges back found first, the longest way from the start."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

Edge = tuple[str, str, str]
"""Source, target, and the route."""


def back_edges(order: Sequence[str], edges: Sequence[Edge]) -> frozenset[int]:
    """Return the numbers of the edges that lead back to a node on the way that is being walked (depth first)."""
    after = defaultdict(list)
    for number, (source, target, _) in enumerate(edges):
        after[source].append((number, target))
    state: dict[str, int] = {}
    back = set()
    for root in order:
        walk = [(root, iter(after[root]))] if root not in state else []
        while walk:
            node, rest = walk[-1]
            state.setdefault(node, 1)
            number, target = next(rest, (-1, ""))
            if number < 0:
                state[node] = 2
                walk.pop()
            elif state.get(target) == 1:
                back.add(number)
            elif target not in state:
                walk.append((target, iter(after[target])))
    return frozenset(back)


def layers(nodes: Iterable[str], edges: Sequence[Edge], back: frozenset[int]) -> dict[str, int]:
    """Return how many edges the longest way to each node has, edges back left out."""
    forward = [(source, target) for number, (source, target, _) in enumerate(edges) if number not in back]
    waiting = dict.fromkeys(nodes, 0)
    after = defaultdict(list)
    for source, target in forward:
        waiting[target] += 1
        after[source].append(target)
    layer = dict.fromkeys(waiting, 0)
    ready = [node for node, count in waiting.items() if not count]
    while ready:
        node = ready.pop()
        for target in after[node]:
            layer[target] = max(layer[target], layer[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return layer


def rows(order: Sequence[str], edges: Sequence[Edge], back: frozenset[int], layer: dict[str, int]) -> list[list[str]]:
    """Return the nodes of each layer, each near the middle of those before it."""
    before = defaultdict(list)
    for number, (source, target, _) in enumerate(edges):
        if number not in back:
            before[target].append(source)
    rows: list[list[str]] = [[] for _ in range(max(layer.values()) + 1)]
    for node in dict.fromkeys(order):
        rows[layer[node]].append(node)
    place: dict[str, float] = {}
    for row in rows:
        wanted = {
            node: sum(place[source] for source in before[node]) / len(before[node]) if before[node] else index
            for index, node in enumerate(row)
        }
        row.sort(key=lambda node: wanted[node])
        place.update({node: index - (len(row) - 1) / 2 for index, node in enumerate(row)})
    return rows
