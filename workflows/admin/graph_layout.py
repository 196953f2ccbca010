"""Where a definition's nodes and edges are drawn: layers from top to bottom, one step after the other.

Edges to the next layer are short curves between the boxes. Edges back go round on the right, edges that skip a layer on the left,
each in a lane of its own. Layers are the longest way from the start without the edges back (Sugiyama 1981, simplified).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workflows.admin.graph_layers import back_edges, layers, rows

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
    repeats: bool = False

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
    notes = {id_: node for id_, node in nodes.items() if node.get("type") == "note"}
    steps = {id_: node for id_, node in nodes.items() if id_ not in notes}
    edges = [edge for edge in edges if edge[0] in steps and edge[1] in steps]
    undos: list[tuple[str, str, str]] = [
        (id_, node["undo"], "") for id_, node in steps.items() if _names(node.get("undo"), steps)
    ]
    repeated = [(id_, str(_each(node)), "") for id_, node in steps.items() if _names(_each(node), steps)]
    first = len(edges) + len(undos)
    drawing = _drawn(steps, [*edges, *undos, *repeated], str(document.get("start") or ""))
    lines = [
        replace(line, undoes=len(edges) <= number < first, repeats=number >= first)
        for number, line in enumerate(drawing.lines)
    ]
    return _beside(replace(drawing, lines=lines), notes)


def _drawn(steps: dict[str, dict[str, Any]], edges: list[tuple[str, str, str]], start: str) -> Drawing:
    return _Plan(steps, edges, start).drawing() if steps else Drawing([], [], MARGIN, 2 * MARGIN)


def _beside(drawing: Drawing, notes: Mapping[str, Mapping[str, Any]]) -> Drawing:
    """Return the drawing with its notes in a column of their own, to the right of everything."""
    if not notes:
        return drawing
    x = drawing.width + GAP_X
    boxes = [
        Box(id_, "note", str(node.get("title") or id_), x, MARGIN + number * (HEIGHT + GAP_Y / 2))
        for number, (id_, node) in enumerate(notes.items())
    ]
    height = max(drawing.height, boxes[-1].y + HEIGHT + MARGIN)
    return Drawing([*drawing.boxes, *boxes], drawing.lines, x + WIDTH + MARGIN, height)


def _each(node: Mapping[str, Any]) -> object:
    """Return the node that does the work of this one, if it is a map."""
    config = node.get("config")
    return config.get("each") if node.get("type") == "map" and isinstance(config, dict) else None


def _names(value: object, nodes: Mapping[str, Any]) -> bool:
    return isinstance(value, str) and value in nodes


def _dicts(value: object) -> Iterable[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


class _Plan:
    def __init__(self, nodes: dict[str, dict[str, Any]], edges: list[tuple[str, str, str]], start: str) -> None:
        self.nodes, self.edges = nodes, edges
        order = [start, *nodes] if start in nodes else list(nodes)
        self.back = back_edges(order, edges)
        self.layer = layers(nodes, edges, self.back)
        self.rows = rows(order, edges, self.back, self.layer)

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
