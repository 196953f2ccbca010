"""Which workflows name a credential, in their draft or in the version that new runs use."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import F, Q, TextField
from django.db.models.functions import Cast

from agents.credentials.uses import Use
from workflows.models import WorkflowVersion
from workflows.portable.references import references_of


def workflows_naming(slug: str) -> Iterator[Use]:
    """Yield each step that names it."""
    now = Q(number=0) | Q(pk=F("workflow__published"))
    # The text is looked at first, so that of a thousand workflows only those that may name it are read.
    versions = WorkflowVersion.objects.annotate(text=Cast("definition", TextField())).filter(
        now, text__contains=f'"{slug}"'
    )
    seen = set()
    for version in versions.select_related("workflow").order_by("workflow__name", "number"):
        for node, found in references_of(version.definition):
            place = (version.workflow_id, node["id"])
            if (found.kind, found.slug) == ("credential", slug) and place not in seen:
                seen.add(place)
                title = node.get("title") or node["id"]
                yield Use(
                    "workflow", version.workflow_id, version.workflow.name, title, "admin:workflows_workflow_change"
                )
