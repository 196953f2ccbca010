"""What lists can be narrowed by."""

from __future__ import annotations

import django_filters as filters

from workflows.models import Approval, Artifact, Run, Workflow
from workflows.models.run import RunQuerySet


class RunFilter(filters.FilterSet):
    """``?status=`` (may be repeated), ``?reason=`` (the code of what it failed of), ``?kind=``, ``?workflow=``, ``?agent=``,
    ``?crew=``."""

    status = filters.MultipleChoiceFilter(choices=Run.Status.choices)
    reason = filters.CharFilter(method="failed_because", max_length=60)
    kind = filters.ChoiceFilter(choices=Run.Kind.choices)
    workflow = filters.UUIDFilter(field_name="workflow_id")
    agent = filters.UUIDFilter(field_name="agent_id")
    crew = filters.UUIDFilter(field_name="crew_id")

    class Meta:
        model = Run
        fields: tuple[str, ...] = ()

    def failed_because(self, runs: RunQuerySet, name: str, code: str) -> RunQuerySet:
        """Return the runs that failed for good with that code."""
        return runs.failed_because(code)


class ApprovalFilter(filters.FilterSet):
    """``?status=``, ``?kind=``, ``?run=``."""

    status = filters.ChoiceFilter(choices=Approval.Status.choices)
    kind = filters.ChoiceFilter(choices=Approval.Kind.choices)
    run = filters.UUIDFilter(field_name="run_id")

    class Meta:
        model = Approval
        fields: tuple[str, ...] = ()


class ArtifactFilter(filters.FilterSet):
    """``?run=``."""

    run = filters.UUIDFilter(field_name="run_id")

    class Meta:
        model = Artifact
        fields: tuple[str, ...] = ()


class WorkflowFilter(filters.FilterSet):
    """``?slug=``, ``?starter=``."""

    slug = filters.CharFilter()
    starter = filters.CharFilter()

    class Meta:
        model = Workflow
        fields: tuple[str, ...] = ()
