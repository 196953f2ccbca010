"""What lists can be narrowed by."""

from __future__ import annotations

import django_filters as filters

from workflows.models import Approval, Artifact, Run, Workflow


class RunFilter(filters.FilterSet):
    """``?status=`` (may be repeated), ``?kind=``, ``?workflow=``, ``?agent=``, ``?crew=``."""

    status = filters.MultipleChoiceFilter(choices=Run.Status.choices)
    kind = filters.ChoiceFilter(choices=Run.Kind.choices)
    workflow = filters.UUIDFilter(field_name="workflow_id")
    agent = filters.UUIDFilter(field_name="agent_id")
    crew = filters.UUIDFilter(field_name="crew_id")

    class Meta:
        model = Run
        fields: tuple[str, ...] = ()


class ApprovalFilter(filters.FilterSet):
    """``?status=``, ``?run=``."""

    status = filters.ChoiceFilter(choices=Approval.Status.choices)
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
