"""A definition as a picture: each node with the state of its latest step, in colour and in shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from nexod.admin import states
from workflows.admin.graph_layout import Box, Drawing, Line, layout
from workflows.models import Step
from workflows.nodes.base import ERROR

TYPE_ICONS = {
    "agent": "smart_toy", "crew": "groups", "knowledge": "menu_book", "llm": "chat", "condition": "alt_route",
    "template": "notes", "approval": "how_to_reg", "output": "output", "http": "public",
}  # fmt: skip
IDLE = "idle"
LONGEST_TITLE, LONGEST_LABEL = 25, 17


@dataclass(frozen=True, slots=True)
class Shown:
    """A node as it is drawn."""

    box: Box
    state: str
    visits: int
    note: str

    @property
    def tone(self) -> str:
        """Return the tone of its state."""
        return "idle" if self.state == IDLE else states.tone(self.state)

    @property
    def icon(self) -> str:
        """Return the icon of its type."""
        return TYPE_ICONS.get(self.box.type, "crop_square")

    @property
    def title(self) -> str:
        """Return the title, cut so that it fits."""
        return _cut(self.box.title, LONGEST_TITLE)

    @property
    def spoken(self) -> str:
        """Return what a screen reader says."""
        return f"{self.box.title}, {self.box.type}, {'not run yet' if self.state == IDLE else states.word(self.state)}"


def picture(document: Mapping[str, Any], steps: Iterable[Step] = (), *, linked: bool = False) -> SafeString:
    """Return the SVG of a definition; with the ``steps`` of a run, in their order, it shows how far the run is."""
    drawing = layout(document)
    if drawing is None:
        return SafeString("")
    walked = list(steps)
    latest = {step.node: step for step in walked}
    shown = [_shown(box, latest.get(box.id)) for box in drawing.boxes]
    routes = {(step.node, step.route) for step in walked if step.finished_at}
    context = {"drawing": drawing, "nodes": shown, "lines": _lines(drawing, set(latest), routes), "linked": linked}
    return render_to_string("nexod/runs/graph.svg", context)


def _shown(box: Box, step: Step | None) -> Shown:
    if step is None:
        return Shown(box, IDLE, 0, box.type)
    handled = ", handled" if step.status == Step.Status.FAILED and step.route == ERROR else ""
    visit = f" · visit {step.visit}" if step.visit > 1 else ""
    note = f"{box.type} · {states.word(step.status).lower()}{handled}{visit}"
    return Shown(box, step.status, step.visit, note)


def _lines(drawing: Drawing, visited: set[str], routes: set[tuple[str, str]]) -> list[dict[str, Any]]:
    """Say of each edge how it is labelled and drawn, and whether the run went along it."""
    return [
        {
            "line": line,
            "label": _label(line),
            "kind": "undo" if line.undoes else "fails" if line.when == ERROR else "",
            "passed": line.target in visited and (line.undoes or (line.source, line.when) in routes),
        }
        for line in drawing.lines
    ]


def _label(line: Line) -> str:
    if line.undoes:
        return "undone by"
    return "if it fails" if line.when == ERROR else _cut(line.when.replace("_", " "), LONGEST_LABEL)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
