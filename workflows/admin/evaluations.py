"""Evaluations in the admin: started, watched, cancelled, and compared down to one case's run."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Avg, Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from unfold.decorators import display

from nexod.admin import formats, states, tenant_site
from nexod.admin.actors import actor_of, may, row_id
from nexod.admin.charts import NARROW, Bar, bars
from nexod.admin.records import RecordAdmin
from nexod.admin.refusals import problems, tell
from nexod.kernel.errors import NexodError, PermissionDenied
from workflows.actions.evaluations import cancel_evaluation, delete_evaluation, start_evaluation
from workflows.admin.dataset_forms import EvaluateForm
from workflows.admin.diffs import difference, lines_of
from workflows.admin.versions import versions_of
from workflows.evals.comparison import Comparison, comparison
from workflows.models import DataSet, Evaluation, Run, Trial

Json = dict[str, Any]
TRIALS_SHOWN = 500


@admin.register(Evaluation, site=tenant_site)
class EvaluationAdmin(RecordAdmin):
    """Versions, judged by cases."""

    icon = "monitoring"
    empty_hint = "Choose Evaluate at a data set: its cases are run and scored, and versions compared."
    list_display = ("title", "state", "score", "trials_shown", "begun", "by")
    list_display_links = ("title",)
    list_select_related = ("data_set", "started_by")
    list_filter = ("status", "data_set")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Count the trials along."""
        rows: QuerySet[Any] = super().get_queryset(request)
        passed = Q(trials__status=Trial.Status.PASSED)
        counted: QuerySet[Any] = rows.annotate(
            trials_count=Count("trials"), passed=Count("trials", passed), mean=Avg("trials__score")
        )
        return counted

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Show the evaluation as it happens."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = _found(row_id(object_id))
        return tenant_site.render(request, "nexod/evals/evaluation.html", {**_page(request, found), "opts": self.opts})

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Refuse: one is started at a data set."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: nobody writes one by hand."""
        return False

    def remove(self, request: HttpRequest, obj: Evaluation) -> None:
        """Delete by the action."""
        delete_evaluation(actor=actor_of(request), evaluation=obj)

    @display(description="Evaluation", ordering="data_set__name", header=True)
    def title(self, evaluation: Evaluation) -> list[str]:
        """Show the data set over the end of the id."""
        return [evaluation.data_set.name, str(evaluation.pk)[-6:]]

    @display(description="State", ordering="status")
    def state(self, evaluation: Evaluation) -> str:
        """Show how far it is."""
        return states.chip(evaluation.status)

    @display(description="Score", ordering="mean")
    def score(self, evaluation: Any) -> str:
        """Show the mean over all versions."""
        return "—" if evaluation.mean is None else f"{evaluation.mean:.2f}"

    @display(description="Passed", ordering="passed")
    def trials_shown(self, evaluation: Any) -> str:
        """Show how many passed."""
        return f"{evaluation.passed} of {evaluation.trials_count}"

    @display(description="Started", ordering="created_at")
    def begun(self, evaluation: Evaluation) -> str:
        """Show when it began."""
        return formats.ago(evaluation.created_at)

    @display(description="By")
    def by(self, evaluation: Evaluation) -> str:
        """Show who started it."""
        return str(evaluation.started_by or "—")


@tenant_site.page("workflows/dataset/<uuid:data_set_id>/evaluate/", "evaluate")
def evaluate(request: HttpRequest, data_set_id: UUID) -> HttpResponse:
    """Ask what is judged and how, or start the evaluation and go to its page."""
    rows = DataSet.objects.select_related("workflow__published", "agent", "crew").annotate(cases_count=Count("cases"))
    data_set = get_object_or_404(rows, pk=data_set_id)
    if not may(request, "workflows.add_evaluation"):
        raise PermissionDenied("Your role does not start evaluations.")
    form = EvaluateForm(versions_of(data_set), request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            started = start_evaluation(actor=actor_of(request), data_set=data_set, **form.given())
        except NexodError as error:
            for field, message in problems(error):
                form.add_error(field if field in form.fields else None, message)
        else:
            return HttpResponseRedirect(reverse("admin:workflows_evaluation_change", args=(started.pk,)))
    page = {"title": f"Evaluate {data_set.target}", "data_set": data_set, "form": form, "opts": data_set._meta}
    return tenant_site.render(
        request, "nexod/evals/evaluate.html", {**page, "nouns": "data sets", "original": data_set}
    )


@tenant_site.page("workflows/evaluation/<uuid:evaluation_id>/cancel/", "evaluation_cancel")
@require_POST
def cancel(request: HttpRequest, evaluation_id: UUID) -> HttpResponse:
    """Ask the evaluation to stop."""
    found = get_object_or_404(Evaluation, pk=evaluation_id)
    try:
        cancel_evaluation(actor=actor_of(request), evaluation=found)
    except NexodError as error:
        tell(request, error)
    else:
        messages.success(request, "The evaluation is being cancelled.")
    return HttpResponseRedirect(reverse("admin:workflows_evaluation_change", args=(evaluation_id,)))


@tenant_site.page("workflows/evaluation/<uuid:evaluation_id>/trials/<uuid:trial_id>/", "trial")
@require_GET
def trial(request: HttpRequest, evaluation_id: UUID, trial_id: UUID) -> HttpResponse:
    """Show one trial: its marks, what was expected and what came out, or the call that changed."""
    if not may(request, "workflows.view_trial"):
        raise PermissionDenied
    rows = Trial.objects.select_related("evaluation__data_set", "contestant", "case", "run")
    rows = rows.defer("contestant__definition", "run__definition")
    found = get_object_or_404(rows, pk=trial_id, evaluation=evaluation_id)
    outputs = found.run.outputs if found.run else None
    expected = found.case.expected
    if isinstance(expected, dict) and isinstance(outputs, dict):
        outputs = {name: value for name, value in outputs.items() if name in expected}
    page = {
        "title": f"{found.case} on {found.contestant}",
        "trial": found,
        "others": _others(found),
        "expected_diff": difference(expected, outputs) if expected is not None and found.run else [],
        "changed_diff": lines_of(((found.error or {}).get("details") or {}).get("diff", "")),
        "judges": Run.objects.filter(pk__in=found.judges.values()).only("id", "title", "status"),
        "opts": found.evaluation._meta,
        "original": found.evaluation,
    }
    return tenant_site.render(request, "nexod/evals/trial.html", page)


def _others(trial: Trial) -> list[Json]:
    """Return the other trials of the case in the evaluation, each with how its outputs differ from this one's."""
    rows = Trial.objects.filter(evaluation=trial.evaluation, case=trial.case).exclude(pk=trial.pk)
    rows = rows.select_related("contestant", "run").defer("contestant__definition", "run__definition")
    mine = trial.run.outputs if trial.run else None
    return [{"trial": row, "diff": difference(row.run.outputs if row.run else None, mine)} for row in rows[:10]]


def _found(pk: UUID) -> Evaluation:
    rows = Evaluation.objects.select_related("started_by", "data_set__workflow", "data_set__agent", "data_set__crew")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such evaluation here.")
    return found


def _page(request: HttpRequest, evaluation: Evaluation) -> Json:
    """Return everything that the page shows."""
    compared = comparison(evaluation)
    trials = sum(version.trials for version in compared.versions)
    over = sum(version.over for version in compared.versions)
    return {
        "title": f"Evaluation of {evaluation.data_set.target}",
        "evaluation": evaluation,
        "original": evaluation,
        "compared": compared,
        "rows": _rows(evaluation, compared),
        "charts": charts(compared),
        "trials": trials,
        "over": over,
        "at_work": evaluation.trials.at_work().count(),
        "may_cancel": not evaluation.is_over
        and not evaluation.cancel_requested
        and may(request, "workflows.change_evaluation"),
        "may_again": evaluation.is_over and may(request, "workflows.add_evaluation"),
        "is_fullwidth": "1",
    }


def _rows(evaluation: Evaluation, compared: Comparison) -> list[Json]:
    """Return the cases with their trials by version, in the versions' order."""
    found: dict[tuple[str, str], list[Trial]] = {}
    trials = evaluation.trials.only("id", "evaluation_id", "case_id", "contestant_id", "status", "score", "repetition")
    for row in trials.order_by("repetition")[:TRIALS_SHOWN]:
        found.setdefault((str(row.case_id), str(row.contestant_id)), []).append(row)
    return [
        {
            "row": row,
            "cells": [
                {"cell": cell, "trials": found.get((row.case, version.id), [])}
                for cell, version in zip(row.cells, compared.versions, strict=True)
            ],
        }
        for row in compared.cases
    ]


def charts(compared: Comparison) -> list[tuple[str, Any]]:
    """Return score, cost and latency of each version as charts; without those that are zero everywhere."""
    versions = compared.versions

    def chart(title: str, tone: str, amounts: list[float], show: Any) -> tuple[str, Any]:
        columns = [Bar(version.version, [(tone, amount)]) for version, amount in zip(versions, amounts, strict=True)]
        return title, bars(columns, names={tone: title.lower()}, label=f"{title} by version", show=show, width=NARROW)

    every = [
        ("Score", "good", [version.score or 0.0 for version in versions], lambda amount: f"{amount:.2f}"),
        ("Cost per trial", "attention", [version.cost_usd_mean for version in versions], formats.usd),
        ("Seconds per trial", "busy", [version.seconds_mean for version in versions], lambda amount: f"{amount:.3f}"),
    ]
    return [chart(*found) for found in every if any(found[2])]
