"""What a page is about, and who may be told that somebody is there. A page with an id of nobody knows what is told to nobody."""

from __future__ import annotations

import re
from collections.abc import Collection
from uuid import UUID

from django.apps import apps

ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
KINDS = {
    "workflow": "workflows",
    "run": "workflows",
    "approval": "workflows",
    "agent": "agents",
    "crew": "agents",
    "knowledgebase": "agents",
}
# Rows that not everybody may read who may see their list.
CLOSED = {"agents.document": "agents.read_every_document", "agents.memory": "agents.inspect_memory"}


def subject_of(page: str) -> str:
    """Return what a page of the admin is about, such as ``run:<id>``; empty for lists and other pages."""
    parts = page.partition("?")[0].strip("/").split("/")
    if len(parts) > 3 and parts[0] == "admin" and KINDS.get(parts[2]) == parts[1] and ID.fullmatch(parts[3]):
        return f"{parts[2]}:{UUID(parts[3])}"
    return ""


def subject_said(given: object) -> str:
    """Return the subject that a client tells of a page of its own, empty when it is none."""
    kind, _, id_ = given.partition(":") if isinstance(given, str) else ("", "", "")
    return f"{kind}:{UUID(id_)}" if kind in KINDS and ID.fullmatch(id_) else ""


def is_told(page: str, subject: str, permissions: Collection[str]) -> bool:
    """Say whether somebody with these permissions may know that others are on the page."""
    kind = subject.partition(":")[0]
    if kind:
        return f"{KINDS[kind]}.view_{kind}" in permissions
    parts = page.partition("?")[0].strip("/").split("/")
    if parts[0] == "admin" and len(parts) > 2:
        if parts[1] == "start":
            return f"{KINDS.get(parts[2], '')}.view_{parts[2]}" in permissions
        if parts[1] in apps.app_configs and parts[2] in apps.all_models[parts[1]]:
            closed = CLOSED.get(f"{parts[1]}.{parts[2]}") if len(parts) > 3 else None
            return (closed or f"{parts[1]}.view_{parts[2]}") in permissions
    return not ID.search(page)
