"""What answers of a run cite, with links that open each passage where it stands in its document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from agents.knowledge.citations import names_in
from workflows.models import Run, RunEvent

CHECKED = "citations.checked"
WRONG = {"not_retrieved": "was not retrieved", "not_supported": "does not say so"}
MOST = 40


@dataclass(frozen=True, slots=True)
class Cited:
    """One passage that is cited. ``address`` is empty where nothing was retrieved under that name."""

    ref: str
    title: str = ""
    place: str = ""
    address: str = ""
    wrong: str = ""
    text: str = ""


def cited_in(data: Mapping[str, Any]) -> list[Cited]:
    """Return what a checked answer cites, each passage once."""
    return list(dict.fromkeys(_of_check(one) for one in data.get("citations", ())))[:MOST]


def sources_of(run: Run, text: str) -> list[Cited]:
    """Return the passages that ``text`` cites, in its order: as the run's answers were checked, else as its nodes found them."""
    names = names_in(text)
    if not names:
        return []
    found = {one.ref: one for one in _of_nodes(run)}
    checks = RunEvent.objects.filter(run=run, type=CHECKED).order_by("seq").values_list("data", flat=True)
    for one in sorted((one for data in checks for one in cited_in(data) if one.address), key=lambda one: not one.wrong):
        known = found.get(one.ref)
        text_of = known.text if known and known.address == one.address else ""
        found[one.ref] = Cited(one.ref, one.title, one.place, one.address, one.wrong, text_of)
    return [found[name] for name in names if name in found]


def _of_nodes(run: Run) -> Iterable[Cited]:
    outputs = run.steps.filter(node_type="knowledge").values_list("output", flat=True)
    for passage in (passage for output in outputs for passage in (output or {}).get("passages", [])):
        if isinstance(passage, dict) and passage.get("document_id"):
            title, text = passage.get("document_title", ""), passage.get("text", "")
            yield Cited(
                passage.get("ref", ""), title, _place(passage), _address(passage["document_id"], passage), text=text
            )


def _of_check(one: Mapping[str, Any]) -> Cited:
    wrong = WRONG.get(one.get("problem", ""), "")
    if not one.get("document"):
        return Cited(one["ref"], wrong=wrong)
    return Cited(one["ref"], one.get("title", ""), _place(one), _address(one["document"], one), wrong)


def _place(one: Mapping[str, Any]) -> str:
    return " · ".join(filter(None, (one.get("heading", ""), f"page {one['page']}" if one.get("page") else "")))


def _address(document: str, one: Mapping[str, Any]) -> str:
    page = reverse("admin:document_text", args=(document,))
    return f"{page}?start={one.get('start', 0)}&end={one.get('end', 0)}#nx-cited"
