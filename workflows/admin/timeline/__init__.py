"""What happened in a run, told in sentences: one line per event, with an icon, a tone and a detail."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from workflows.admin.citations import CHECKED, Cited, cited_in
from workflows.admin.timeline import agents, runs, steps
from workflows.admin.timeline.base import Data, Line
from workflows.models import RunEvent

_BEFORE_MARK = re.compile(r"\s+([:,.])")
_PUNCTUATION = re.compile(r"[{}\[\]\"]+|\\\\n")
LONGEST_DETAIL = 400

TELLERS: dict[str, Callable[[Data], Line]] = {**runs.TELLERS, **steps.TELLERS, **agents.TELLERS}


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the timeline."""

    seq: int
    at: datetime
    icon: str
    tone: str
    text: str
    detail: str = ""
    node: str = ""
    cited: Sequence[Cited] = ()
    """Passages, to be opened where they stand."""


def told(event: RunEvent, titles: Mapping[str, str]) -> Told:
    """Return the event as a line; ``titles`` names the nodes, an unknown type is shown by its own name."""
    teller = TELLERS.get(event.type, _unknown)
    node = str(event.data.get("node", ""))
    lists = {key: [titles.get(n, n) for n in event.data[key]] for key in ("nodes", "undone") if key in event.data}
    icon, tone, text, detail = teller({"type": event.type, **event.data, **lists, "node": titles.get(node, node)})
    cited = cited_in(event.data) if event.type == CHECKED else ()
    return Told(event.seq, event.at, icon, tone, text, readable(detail), node, cited)


def readable(detail: str) -> str:
    """Cut a long detail, and take the brackets and quotes out of what is the beginning of a JSON object."""
    short = detail
    if detail.startswith("{"):
        short = _BEFORE_MARK.sub(r"\1", " ".join(_PUNCTUATION.sub(" ", detail).split()))
    return short if len(short) <= LONGEST_DETAIL else f"{short[:LONGEST_DETAIL]}…"


def _unknown(data: Data) -> Line:
    return "circle", "quiet", str(data["type"]), ""
