"""A definition as a picture: each node with the state of its latest step, in colour and in shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from nexod.admin import states
from workflows.admin.graph_layout import Box, Drawing, layout
from workflows.models import Step

TYPE_ICONS = {
    "agent": "smart_toy", "crew": "groups", "knowledge": "menu_book", "llm": "chat", "condition": "alt_route",
    "template": "notes", "approval": "how_to_reg", "output": "output",
}  # fmt: skip
IDLE = "idle"
LONGEST_TITLE = 24


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
        text = self.box.title
        return text if len(text) <= LONGEST_TITLE else f"{text[: LONGEST_TITLE - 1]}…"

    @property
    def spoken(self) -> str:
        """Return what a screen reader says."""
        return f"{self.box.title}, {self.box.type}, {'not run yet' if self.state == IDLE else states.word(self.state)}"


def picture(document: Mapping[str, Any], steps: Iterable[Step] = (), *, linked: bool = False) -> SafeString:
    """Return the SVG of a definition; with the ``steps`` of a run, in their order, it shows how far the run is."""
    drawing = layout(document)
    if drawing is None:
        return SafeString("")
    latest = {step.node: step for step in steps}
    shown = [_shown(box, latest.get(box.id)) for box in drawing.boxes]
    travelled = {node.box.id for node in shown if node.state != IDLE}
    context = {"drawing": drawing, "nodes": shown, "lines": _lines(drawing, travelled), "linked": linked}
    return render_to_string("nexod/runs/graph.svg", context)


def _shown(box: Box, step: Step | None) -> Shown:
    if step is None:
        return Shown(box, IDLE, 0, box.type)
    note = f"{box.type} · {states.word(step.status).lower()}" + (f" · ×{step.visit}" if step.visit > 1 else "")
    return Shown(box, step.status, step.visit, note)


def _lines(drawing: Drawing, travelled: set[str]) -> list[dict[str, Any]]:
    return [{"line": line, "passed": line.source in travelled and line.target in travelled} for line in drawing.lines]
