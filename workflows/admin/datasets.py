"""Data sets in the admin: their cases, their scorers, files in and out, and how the newest evaluation went."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Avg, Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_GET
from unfold.decorators import display

from nexod.admin import states, tenant_site
from nexod.admin.actors import actor_of, may, row_id
from nexod.admin.records import SluggedAdmin
from nexod.admin.refusals import problems
from nexod.kernel.errors import NexodError, PermissionDenied
from workflows.actions.datasets import create_data_set, delete_data_set, import_cases, update_data_set
from workflows.admin.dataset_forms import DataSetForm, ImportForm
from workflows.evals.sheets import CSV, JSONL, write_cases
from workflows.models import DataSet, Evaluation, Trial

SHOWN = 10


@admin.register(DataSet, site=tenant_site)
class DataSetAdmin(SluggedAdmin):
    """What agents, crews and workflows are judged by."""

    icon = "science"
    noun, nouns = "data set", "data sets"
    compressed_fields = False
    empty_hint = "Save a run as a case on its page, or make a data set here and import cases from a file."
    form = DataSetForm
    change_form_template = "nexod/evals/data_set.html"
    list_display = ("title", "target_shown", "cases_shown", "newest", "evaluate_link")
    list_display_links = ("title",)
    list_select_related = ("workflow", "agent", "crew")
    search_fields = ("name", "slug")
    search_help_text = "Name or slug"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Count the cases along, and say how the newest evaluation went."""
        newest = Evaluation.objects.filter(data_set=OuterRef("pk")).order_by("-created_at")
        score = Trial.objects.filter(evaluation=OuterRef("newest_id")).order_by().values("evaluation")
        rows: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(
            cases_count=Count("cases"),
            newest_id=Subquery(newest.values("pk")[:1]),
            newest_status=Subquery(newest.values("status")[:1]),
        ).annotate(newest_score=Subquery(score.annotate(mean=Avg("score")).values("mean")))
        return counted

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep what it is of once it exists."""
        fields = super().get_readonly_fields(request, obj)
        return (*fields, "target_shown") if obj else fields

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask for one target of a new one."""
        target = ("target_shown",) if obj else ("workflow", "agent", "crew")
        return ((None, {"fields": ("name", "slug", "description", *target)}), ("Scorers", {"fields": ("scorers",)}))

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Show cases and evaluations beside the form."""
        pk = row_id(object_id)
        evaluations = Evaluation.objects.filter(data_set=pk).select_related("started_by")
        shown = {
            "cases": DataSet.objects.filter(pk=pk).values_list("cases__name", "cases__pk")[:SHOWN],
            "cases_count": DataSet.objects.filter(pk=pk).aggregate(count=Count("cases"))["count"],
            "evaluations": evaluations.annotate(mean=Avg("trials__score"))[:SHOWN],
            "may_evaluate": may(request, "workflows.add_evaluation"),
            "may_import": may(request, "workflows.add_case") and may(request, "workflows.change_case"),
        }
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    @display(description="Data set", ordering="name", header=True)
    def title(self, data_set: DataSet) -> list[str]:
        """Show the name over the slug."""
        return [data_set.name, data_set.slug]

    @display(description="Of")
    def target_shown(self, data_set: DataSet) -> str:
        """Link to what it is of."""
        target = data_set.target
        address = reverse(f"admin:{target._meta.app_label}_{target._meta.model_name}_change", args=(target.pk,))
        return format_html('<a class="nx-link" href="{}">{}</a> ({})', address, target, data_set.kind.label.lower())

    @display(description="Cases", ordering="cases_count")
    def cases_shown(self, data_set: Any) -> str:
        """Link to its cases."""
        address = reverse("admin:workflows_case_changelist")
        return format_html(
            '<a class="nx-link" href="{}?data_set__id__exact={}">{}</a>', address, data_set.pk, data_set.cases_count
        )

    @display(description="Newest evaluation")
    def newest(self, data_set: Any) -> str:
        """Show how the newest went."""
        if data_set.newest_id is None:
            return "—"
        address = reverse("admin:workflows_evaluation_change", args=(data_set.newest_id,))
        score = "" if data_set.newest_score is None else f"{data_set.newest_score:.2f}"
        return format_html(
            '{} <a class="nx-link" href="{}">{}</a>', states.chip(data_set.newest_status), address, score or "Open"
        )

    @display(description="")
    def evaluate_link(self, data_set: Any) -> str:
        """Offer to evaluate."""
        address = reverse("admin:evaluate", args=(data_set.pk,))
        label = f"Evaluate {data_set}"
        return format_html('<a class="nx-button nx-small" href="{}" aria-label="{}">Evaluate</a>', address, label)

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> DataSet:
        """Store by the actions."""
        given, actor = dict(form.cleaned_data), actor_of(request)
        given["scorers"] = given["scorers"] or []
        if original:
            changes = {name: given[name] for name in ("name", "description", "scorers")}
            return update_data_set(actor=actor, data_set=original, **changes)
        return create_data_set(actor=actor, **given)

    def remove(self, request: HttpRequest, obj: DataSet) -> None:
        """Delete by the action."""
        delete_data_set(actor=actor_of(request), data_set=obj)


@tenant_site.page("workflows/dataset/<uuid:data_set_id>/import/", "import_cases")
def import_page(request: HttpRequest, data_set_id: UUID) -> HttpResponse:
    """Show what a file looks like, or read one."""
    data_set = get_object_or_404(DataSet, pk=data_set_id)
    if not (may(request, "workflows.add_case") and may(request, "workflows.change_case")):
        raise PermissionDenied("Your role does not import cases.")
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if request.method == "POST" and form.is_valid():
        try:
            cases = import_cases(
                actor=actor_of(request), data_set=data_set, text=form.cleaned_data["file"], form=form.form
            )
        except NexodError as error:
            for field, message in problems(error):
                form.add_error(None, f"{field}: {message}" if field else message)
        else:
            messages.success(request, f"{len(cases)} case{'' if len(cases) == 1 else 's'} imported.")
            return HttpResponseRedirect(reverse("admin:workflows_dataset_change", args=(data_set.pk,)))
    page = {
        "title": f"Import cases into {data_set}",
        "form": form,
        "opts": data_set._meta,
        "nouns": "data sets",
        "original": data_set,
    }
    return tenant_site.render(request, "nexod/evals/import.html", page)


@tenant_site.page("workflows/dataset/<uuid:data_set_id>/export/<str:form>/", "export_cases")
@require_GET
def export_page(request: HttpRequest, data_set_id: UUID, form: str) -> HttpResponse:
    """Answer with the cases as a file."""
    data_set = get_object_or_404(DataSet, pk=data_set_id)
    if not may(request, "workflows.view_case"):
        raise PermissionDenied
    kind = CSV if form == CSV else JSONL
    types = {JSONL: "application/x-ndjson", CSV: "text/csv; charset=utf-8"}
    response = HttpResponse(write_cases(data_set.cases.order_by("name"), kind), content_type=types[kind])
    response["Content-Disposition"] = f'attachment; filename="{data_set.slug}.{kind}"'
    return response
