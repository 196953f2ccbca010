"""Separation of duties: who started a run and who edited last what it runs, whatever that is."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models.functions import Coalesce

from agents.models import AgentVersion
from workflows.models import Run, WorkflowVersion

STARTER, EDITOR = "starter", "editor"


def duties_of(run: Run, separate: Sequence[str]) -> dict[str, UUID]:
    """Return who has these duties towards the run, as far as somebody has."""
    found: dict[str, UUID | None] = {}
    if STARTER in separate:
        found[STARTER] = run.started_by_id
    if EDITOR in separate:
        found[EDITOR] = _editor(run)
    return {duty: person for duty, person in found.items() if person is not None}


def _editor(run: Run) -> UUID | None:
    """Return who saved last what was published, the draft that is tried, or the agent; of a crew nobody knows."""
    if run.version_id is not None:
        edited = Coalesce("edited_by", "author")
        return WorkflowVersion.objects.filter(pk=run.version_id).values_list(edited, flat=True).first()
    if run.workflow_id is not None:
        drafts = WorkflowVersion.objects.filter(workflow=run.workflow_id, number=0)
        return drafts.values_list("author", flat=True).first()
    versions = AgentVersion.objects.filter(agent=run.agent_id).order_by("-number")
    return versions.values_list("author", flat=True).first()
