"""The kind ``event``: something that happens in the tenant itself."""

from __future__ import annotations

from typing import ClassVar

from workflows.nodes.fields import closed
from workflows.triggers.base import Complaint, Json, TriggerType

RUN, APPROVAL, DOCUMENT = "run", "approval", "document"
OVERDUE, EMITTED = "approval.overdue", "event.emitted"
MISSED = "approval.missed"
REQUESTED = "approval.requested"
TITLES = {
    "run.completed": "A run completed",
    "run.failed": "A run failed",
    "run.cancelled": "A run was cancelled",
    "run.finished": "A run ended, however",
    "document.ready": "A document was read and can be searched",
    "document.failed": "A document could not be read",
    "document.deleted": "A document was deleted",
    "document.changed": "A document became ready or was deleted",
    "approval.decided": "An approval was decided",
    OVERDUE: "An approval still waits after so many minutes",
    MISSED: "An approval was not decided by its due time",
    EMITTED: "A workflow emits an event",
}
# What is chosen as one word and happens as several.
TOGETHER = {
    "run.finished": ("run.completed", "run.failed", "run.cancelled"),
    "document.changed": ("document.ready", "document.deleted"),
    OVERDUE: (REQUESTED,),
    MISSED: (OVERDUE,),  # what happens when a due time passes; the other is a trigger's own patience
}
KINDS = frozenset({kind for event in TITLES for kind in TOGETHER.get(event, (event,))})


class EventTrigger(TriggerType):
    """Fires in the transaction in which it happens, so that none is lost."""

    kind = "event"
    title = "Event"
    description = "Something that happens here: a run ends, a document changes, an approval is decided or overdue."
    icon = "bolt"
    schema: ClassVar[Json] = closed(
        ("event",),
        {
            "event": {"type": "string", "title": "Event", "enum": list(TITLES)},
            "workflow": {
                "type": "string", "title": "Only of the workflow", "default": "", "x-reference": "workflow", "maxLength": 60,
                "description": "For runs and approvals: the slug of a workflow; empty: of every one.",
            },
            "knowledge_base": {
                "type": "string", "title": "Only of the knowledge base", "default": "", "maxLength": 60,
                "x-reference": "knowledge_base", "description": "For documents: the slug of a knowledge base; empty: every one.",
            },
            "name": {
                "type": "string", "title": "Only with the name", "default": "", "maxLength": 120,
                "description": "Of an event that a workflow emits: what it calls it; empty: every one.",
            },
            "after_minutes": {
                "type": "integer", "title": "Overdue after minutes", "minimum": 1, "maximum": 43_200, "default": 60,
                "description": "For an approval that is overdue.",
            },
        },
    )  # fmt: skip

    def check(self, config: Json) -> list[Complaint]:
        """Refuse a filter that the event can never pass."""
        subject = config["event"].split(".")[0]
        if config["workflow"] and subject == DOCUMENT:
            return [("workflow", "A document is of no workflow; choose a knowledge base instead.")]
        if config["knowledge_base"] and subject != DOCUMENT:
            return [("knowledge_base", "Only documents are of a knowledge base; choose a workflow instead.")]
        if config["name"] and config["event"] != EMITTED:
            return [("name", "Only an event that a workflow emits has a name.")]
        return []

    def sample(self, config: Json) -> Json:
        """Return what such an event tells."""
        subject = config.get("event", "run.completed").split(".")[0]
        return {"kind": TOGETHER.get(config.get("event", ""), (config.get("event"),))[0], **_SAMPLES[subject]}

    def summary(self, config: Json) -> str:
        """Return the event, and of what."""
        of = config.get("workflow") or config.get("knowledge_base")
        return f"{TITLES.get(config.get('event', ''), '')}{f' ({of})' if of else ''}"


def concerns(config: Json, kind: str, data: Json) -> bool:
    """Say whether what happened is what the config waits for."""
    event = config["event"]
    if kind not in TOGETHER.get(event, (event,)):
        return False
    if config["workflow"] and workflow_of(data) != config["workflow"]:
        return False
    if config.get("name") and data.get("name") != config["name"]:
        return False
    return not config["knowledge_base"] or data.get("document", {}).get("knowledge_base") == config["knowledge_base"]


def workflow_of(data: Json) -> str:
    """Return the slug of the workflow that it is of, or nothing."""
    run = data.get("run")
    return str((run.get("workflow") if isinstance(run, dict) else data.get("workflow")) or "")


def run_of(data: Json) -> str | None:
    """Return the id of the run that it is of, or None."""
    run = data.get("run")
    found = run.get("id") if isinstance(run, dict) else run
    return str(found) if found else None


_RUN: Json = {"id": "0190...", "title": "A run", "kind": "workflow", "workflow": "a-workflow", "status": "completed"}
_SAMPLES: dict[str, Json] = {
    RUN: {"run": {**_RUN, "inputs": {}, "outputs": {"text": "What it gave"}}},
    APPROVAL: {"run": _RUN, "approval": {"id": "0190...", "title": "Please decide", "decision": "approve"}},
    "event": {"name": "order.ready", "data": {}, "workflow": "a-workflow", "run": "0190..."},
    DOCUMENT: {"document": {"id": "0190...", "name": "report.pdf", "knowledge_base": "library"}},
}
