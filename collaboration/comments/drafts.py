"""The draft of a workflow as threads are anchored in it: nodes by key, and their texts. Its shared document, if there is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pycrdt import Doc

from collaboration.comments.ranges import Range, located, positioned
from collaboration.crdt import store
from collaboration.crdt.committed import document_of
from collaboration.crdt.shape.reading import root
from collaboration.drafts.reading import name_of
from collaboration.models import CommentThread, SharedDocument
from workflows.models import WorkflowVersion

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """The nodes by their keys, as JSON."""

    nodes: Mapping[str, Json]
    doc: Doc[Any] | None = None

    def title(self, node: str) -> str:
        """Return what people call the node."""
        found = self.nodes[node]
        return str(found.get("title") or found.get("id") or node)

    def text(self, node: str, field: str) -> str | None:
        """Return the text at the path, such as ``config.prompt``; None where there is none."""
        found: Any = self.nodes.get(node)
        for part in field.split("."):
            if isinstance(found, dict):
                found = found.get(part)
            elif isinstance(found, list) and part.isdecimal() and int(part[:6]) < len(found):
                found = found[int(part[:6])]
            else:
                return None
        return found if isinstance(found, str) else None

    def range_of(self, thread: CommentThread) -> Range | None:
        """Return where the thread's range is now, None when it is gone."""
        text = self.text(thread.node, thread.field)
        if text is None:
            return None
        hint = positioned(self.doc, thread.range_start, thread.range_end) if self.doc and thread.range_start else None
        return located(text, thread.quote, hint, thread.at_start)


def mark_of(workflow_id: UUID) -> str:
    """Return a mark of the draft's state: another one when anything in it is another."""
    seq = SharedDocument.objects.filter(name=name_of(workflow_id)).values_list("last_seq", flat=True).first()
    if seq is not None:
        return f"s{seq}"
    rows = WorkflowVersion.objects.filter(workflow=workflow_id, number=0).values_list("updated_at", flat=True)
    at = rows.first()
    return at.isoformat() if at else ""


def draft_of(workflow_id: UUID) -> Draft:
    """Return the draft: of the shared document where people edit together, else of what was saved. Raises TooDeep."""
    name = name_of(workflow_id)
    if store.is_there(name):
        doc = document_of(store.since(name, -1).updates)
        nodes = root(doc, "nodes")
        return Draft({key: node for key, node in nodes.items() if isinstance(node, dict)}, doc)
    rows = WorkflowVersion.objects.filter(workflow=workflow_id, number=0)
    definition = rows.values_list("definition", flat=True).first() or {}
    return Draft({node["id"]: node for node in definition.get("nodes", [])})
