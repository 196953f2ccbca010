"""A definition as a picture: each node with the state of its latest step, in colour and in shape."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from nexod.admin import states
from workflows.admin.graph_layout import Box, Drawing, Line, layout
from workflows.models import Step
from workflows.nodes.base import ERROR

TYPE_ICONS = {
    "agent": "smart_toy", "crew": "groups", "knowledge": "menu_book", "llm": "chat", "condition": "alt_route",
    "template": "notes", "approval": "how_to_reg", "output": "output", "http": "public", "switch": "call_split",
    "loop": "loop", "map": "dynamic_feed", "join": "call_merge", "wait": "hourglass_top", "workflow": "account_tree",
    "tool": "build", "email": "mail", "emit": "campaign", "note": "sticky_note_2", "transform": "function",
}  # fmt: skip
IDLE = "idle"
MARKS = {"added": "good", "removed": "bad", "changed": "attention"}
"""The tones of nodes that differ from another version."""
LONGEST_TITLE, LONGEST_LABEL = 25, 17


@dataclass(frozen=True, slots=True)
class Shown:
    """A node as it is drawn."""

    box: Box
    state: str
    visits: int
    note: str
    mark: str = ""
    address: str = ""

    @property
    def tone(self) -> str:
        """Return the tone of its mark or its state."""
        if self.mark:
            return MARKS[self.mark]
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
        state = self.mark or ("not run yet" if self.state == IDLE else states.word(self.state))
        return f"{self.box.title}, {self.box.type}, {state}"


def picture(
    document: Mapping[str, Any],
    steps: Iterable[Step] = (),
    *,
    routes: Collection[tuple[str, str]] | None = None,
    linked: bool = False,
    near: Collection[str] | None = None,
    edited: bool = False,
    marks: Mapping[str, str] | None = None,
) -> SafeString:
    """Return the SVG of a definition; with the ``steps`` of a run, in their order, it shows how far the run is.

    ``routes`` are the (node, route) that it took, where the steps are only the newest of each node. ``linked`` leads to a run's
    steps: on this page to those of the nodes in ``near``, else to the page that shows them. ``edited`` leads to the form of each
    node; ``marks`` are nodes that differ, by id.
    """
    drawing = layout(document)
    if drawing is None:
        return SafeString("")
    walked = list(steps)
    latest = {step.node: step for step in walked}
    shown = [_shown(box, latest.get(box.id), (marks or {}).get(box.id, "")) for box in drawing.boxes]
    if edited:
        shown = [replace(one, address=f"#node-{one.box.id}") for one in shown]
    elif linked:
        shown = [replace(one, address=_step_address(one.box.id, near)) if one.visits else one for one in shown]
    if routes is None:
        routes = {(step.node, step.route) for step in walked if step.finished_at}
    context = {"drawing": drawing, "nodes": shown, "lines": _lines(drawing, set(latest), routes), "roves": linked}
    return render_to_string("nexod/runs/graph.svg", context)


def _step_address(node: str, near: Collection[str] | None) -> str:
    here = near is None or node in near
    return f"#step-{node}" if here else f"?{urlencode({'node': node})}#step-{node}"


def _shown(box: Box, step: Step | None, mark: str) -> Shown:
    if step is None:
        return Shown(box, IDLE, 0, f"{box.type} · {mark}" if mark else box.type, mark)
    handled = ", handled" if step.status == Step.Status.FAILED and step.route == ERROR else ""
    visit = f" · visit {step.visit}" if step.visit > 1 else ""
    note = f"{box.type} · {states.word(step.status).lower()}{handled}{visit}"
    return Shown(box, step.status, step.visit, note)


def _lines(drawing: Drawing, visited: set[str], routes: Collection[tuple[str, str]]) -> list[dict[str, Any]]:
    """Say of each edge how it is labelled and drawn, and whether the run went along it."""
    return [
        {
            "line": line,
            "label": _label(line),
            "kind": "undo" if line.undoes or line.repeats else "fails" if line.when == ERROR else "",
            "passed": line.target in visited and (line.undoes or line.repeats or (line.source, line.when) in routes),
        }
        for line in drawing.lines
    ]


def _label(line: Line) -> str:
    if line.undoes:
        return "undone by"
    if line.repeats:
        return "for each item"
    return "if it fails" if line.when == ERROR else _cut(line.when.replace("_", " "), LONGEST_LABEL)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
