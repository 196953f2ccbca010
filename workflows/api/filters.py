"""What lists can be narrowed by."""

from __future__ import annotations

import django_filters as filters
from django.db.models import QuerySet

from tenants.accounts.api.callers import actor_of
from workflows.approvals.people import decidable_by
from workflows.models import Approval, Artifact, Case, Evaluation, Run, Trial, Workflow
from workflows.models.run import RunQuerySet


class RunFilter(filters.FilterSet):
    """``?status=`` (may be repeated), ``?reason=`` (the code of what it failed of), ``?kind=``, ``?workflow=``, ``?agent=``,
    ``?crew=``, ``?evaluation=``, ``?case=``."""

    status = filters.MultipleChoiceFilter(choices=Run.Status.choices)
    reason = filters.CharFilter(method="failed_because", max_length=60)
    kind = filters.ChoiceFilter(choices=Run.Kind.choices)
    workflow = filters.UUIDFilter(field_name="workflow_id")
    agent = filters.UUIDFilter(field_name="agent_id")
    crew = filters.UUIDFilter(field_name="crew_id")
    evaluation = filters.UUIDFilter(field_name="evaluation_id")
    case = filters.UUIDFilter(field_name="case_id")

    class Meta:
        model = Run
        fields: tuple[str, ...] = ()

    def failed_because(self, runs: RunQuerySet, name: str, code: str) -> RunQuerySet:
        """Return the runs that failed for good with that code."""
        return runs.failed_because(code)


class ApprovalFilter(filters.FilterSet):
    """``?status=``, ``?kind=``, ``?run=``, ``?mine=true``: those that the caller may decide now."""

    status = filters.ChoiceFilter(choices=Approval.Status.choices)
    kind = filters.ChoiceFilter(choices=Approval.Kind.choices)
    run = filters.UUIDFilter(field_name="run_id")
    mine = filters.BooleanFilter(method="may_decide")

    class Meta:
        model = Approval
        fields: tuple[str, ...] = ()

    def may_decide(self, approvals: QuerySet[Approval], name: str, mine: bool) -> QuerySet[Approval]:
        """Return those that the caller may decide now, or all the others."""
        decidable = decidable_by(actor_of(self.request)).order_by().values("pk")
        return approvals.filter(pk__in=decidable) if mine else approvals.exclude(pk__in=decidable)


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


class CaseFilter(filters.FilterSet):
    """``?data_set=``, ``?name=``, ``?tag=``, ``?run=`` (that it was saved of)."""

    data_set = filters.UUIDFilter(field_name="data_set_id")
    name = filters.CharFilter()
    tag = filters.CharFilter(method="tagged", max_length=60)
    run = filters.UUIDFilter(field_name="run_id")

    class Meta:
        model = Case
        fields: tuple[str, ...] = ()

    def tagged(self, cases: QuerySet[Case], name: str, tag: str) -> QuerySet[Case]:
        """Return the cases that have the tag."""
        return cases.filter(tags__contains=[tag])


class EvaluationFilter(filters.FilterSet):
    """``?data_set=``, ``?status=``."""

    data_set = filters.UUIDFilter(field_name="data_set_id")
    status = filters.ChoiceFilter(choices=Evaluation.Status.choices)

    class Meta:
        model = Evaluation
        fields: tuple[str, ...] = ()


class TrialFilter(filters.FilterSet):
    """``?status=``, ``?case=``."""

    status = filters.ChoiceFilter(choices=Trial.Status.choices)
    case = filters.UUIDFilter(field_name="case_id")

    class Meta:
        model = Trial
        fields: tuple[str, ...] = ()
