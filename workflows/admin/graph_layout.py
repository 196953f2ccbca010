"""Where a definition's nodes and edges are drawn: layers from top to bottom, one step after the other.

Edges to the next layer are short curves between the boxes. Edges back go round on the right, edges that skip a layer on the left,
each in a lane of its own. Layers are the longest way from the start without the edges back (Sugiyama 1981, simplified).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

WIDTH, HEIGHT = 252, 54
GAP_X, GAP_Y = 28, 44
MARGIN, LANE, LABEL = 12, 16, 92
MAX_NODES = 150
ROUND = 10

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A node's place: its upper left corner."""

    id: str
    type: str
    title: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Line:
    """An edge's way through its points, and where its label stands."""

    source: str
    target: str
    when: str
    points: tuple[Point, ...]
    label: Point
    anchor: str = "start"
    undoes: bool = False

    @property
    def path(self) -> str:
        """Return the way as the ``d`` of an SVG path: a curve between two points, a line with round corners through four."""
        if len(self.points) == 2:
            (x1, y1), (x2, y2) = self.points
            bend = (y2 - y1) * 0.5
            return f"M{x1:g} {y1:g}C{x1:g} {y1 + bend:g} {x2:g} {y2 - bend:g} {x2:g} {y2:g}"
        (x1, y1), (lane, _), _, (x2, y2) = self.points
        turn, down = (ROUND if lane > x1 else -ROUND), (ROUND if y2 > y1 else -ROUND)
        return (
            f"M{x1:g} {y1:g}H{lane - turn:g}Q{lane:g} {y1:g} {lane:g} {y1 + down:g}"
            f"V{y2 - down:g}Q{lane:g} {y2:g} {lane - turn:g} {y2:g}H{x2:g}"
        )


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything that is drawn, and how large it is."""

    boxes: list[Box]
    lines: list[Line]
    width: float
    height: float


def layout(document: Mapping[str, Any]) -> Drawing | None:
    """Return the drawing of a definition, however wrong it is; None when there is nothing to draw, or too much."""
    nodes = {node["id"]: node for node in _dicts(document.get("nodes")) if isinstance(node.get("id"), str)}
    if not nodes or len(nodes) > MAX_NODES:
        return None
    edges = [
        (edge["from"], edge["to"], str(edge.get("when") or ""))
        for edge in _dicts(document.get("edges"))
        if _names(edge.get("from"), nodes) and _names(edge.get("to"), nodes)
    ]
    undos = [(id_, node["undo"], "") for id_, node in nodes.items() if _names(node.get("undo"), nodes)]
    drawing = _Plan(nodes, [*edges, *undos], str(document.get("start") or "")).drawing()
    lines = [replace(line, undoes=number >= len(edges)) for number, line in enumerate(drawing.lines)]
    return replace(drawing, lines=lines)


def _names(value: object, nodes: Mapping[str, Any]) -> bool:
    return isinstance(value, str) and value in nodes


def _dicts(value: object) -> Iterable[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


class _Plan:
    def __init__(self, nodes: dict[str, dict[str, Any]], edges: list[tuple[str, str, str]], start: str) -> None:
        self.nodes, self.edges = nodes, edges
        order = [start, *nodes] if start in nodes else list(nodes)
        self.back = _back_edges(order, edges)
        self.layer = _layers(nodes, edges, self.back)
        self.rows = _rows(order, edges, self.back, self.layer)

    def drawing(self) -> Drawing:
        left, right = self._lanes()
        widest = max(len(row) for row in self.rows)
        inner = widest * WIDTH + (widest - 1) * GAP_X
        offset = MARGIN + (_reach(left) if left else 0)
        boxes = {
            box.id: box
            for row_number, row in enumerate(self.rows)
            for box in self._boxes(row_number, row, inner, offset)
        }
        lines = [self._line(number, boxes, left, right, offset, inner) for number in range(len(self.edges))]
        width = offset + inner + MARGIN + (_reach(right) if right else 0)
        return Drawing(list(boxes.values()), lines, width, len(self.rows) * (HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN)

    def _boxes(self, number: int, row: Sequence[str], inner: float, offset: float) -> Iterable[Box]:
        x = offset + (inner - len(row) * WIDTH - (len(row) - 1) * GAP_X) / 2
        for place, id_ in enumerate(row):
            node = self.nodes[id_]
            title = str(node.get("title") or id_)
            yield Box(
                id_, str(node.get("type") or ""), title, x + place * (WIDTH + GAP_X), MARGIN + number * (HEIGHT + GAP_Y)
            )

    def _lanes(self) -> tuple[dict[int, int], dict[int, int]]:
        """Give each edge that goes round a lane: on the left those that skip layers, on the right those that go back."""
        left: dict[int, int] = {}
        right: dict[int, int] = {}
        for number, (source, target, _) in enumerate(self.edges):
            if number in self.back:
                right[number] = len(right)
            elif self.layer[target] - self.layer[source] > 1:
                left[number] = len(left)
        return left, right

    def _line(
        self,
        number: int,
        boxes: dict[str, Box],
        left: dict[int, int],
        right: dict[int, int],
        offset: float,
        inner: float,
    ) -> Line:
        source, target, when = self.edges[number]
        start, end = boxes[source], boxes[target]
        if number in right:
            lane = offset + inner + _lane(right[number], len(right))
            return _around(start, end, when, lane, side=WIDTH, shift=right[number])
        if number in left:
            lane = offset - _lane(left[number], len(left))
            return _around(start, end, when, lane, side=0, shift=left[number])
        a, b = (start.x + WIDTH / 2, start.y + HEIGHT), (end.x + WIDTH / 2, end.y)
        middle = ((a[0] + b[0]) / 2 + 6, (a[1] + b[1]) / 2 + 4)
        return Line(source, target, when, (a, b), middle)


def _lane(index: int, lanes: int) -> float:
    return LABEL + (index + 0.5) * LANE if lanes else 0


def _reach(lanes: dict[int, int]) -> float:
    return LABEL + len(lanes) * LANE + LANE


def _around(start: Box, end: Box, when: str, lane: float, *, side: float, shift: int) -> Line:
    leave = start.y + HEIGHT / 2 + (shift % 3) * 8
    enter = end.y + HEIGHT / 2 - 8 + (shift % 3) * 8
    a, b = (start.x + side, leave), (end.x + side, enter)
    label = (a[0] + 8, leave - 5) if side else (a[0] - 8, leave - 5)
    return Line(start.id, end.id, when, (a, (lane, leave), (lane, enter), b), label, "start" if side else "end")


def _back_edges(order: Sequence[str], edges: Sequence[tuple[str, str, str]]) -> frozenset[int]:
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


def _layers(nodes: Iterable[str], edges: Sequence[tuple[str, str, str]], back: frozenset[int]) -> dict[str, int]:
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


def _rows(
    order: Sequence[str], edges: Sequence[tuple[str, str, str]], back: frozenset[int], layer: dict[str, int]
) -> list[list[str]]:
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
