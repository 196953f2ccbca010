"""Cases in the admin: written by hand, or saved of a run with everything that was answered in it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST
from unfold.decorators import display

from nexod.admin import formats, tenant_site
from nexod.admin.actors import actor_of, may, row_id
from nexod.admin.records import RecordAdmin
from nexod.admin.refusals import problems, tell
from nexod.kernel.errors import NexodError, PermissionDenied
from workflows.actions.cases import create_case, delete_case, save_case, update_case
from workflows.actions.replays import run_case
from workflows.admin.dataset_forms import CaseForm, SaveCaseForm
from workflows.admin.versions import versions_of
from workflows.models import Case, DataSet, RecordedAnswer, Run

ANSWERS_SHOWN = 200


@admin.register(Case, site=tenant_site)
class CaseAdmin(RecordAdmin):
    """Inputs, and what is expected of them."""

    icon = "quiz"
    compressed_fields = False
    empty_hint = "Save a run as a case on its page, or import a file into a data set."
    form = CaseForm
    change_form_template = "nexod/evals/case.html"
    list_display = ("name", "data_set", "tags_shown", "recorded", "changed")
    list_select_related = ("data_set",)
    list_filter = ("data_set",)
    fieldsets = ((None, {"fields": ("data_set", "name", "inputs", "expected", "tags")}),)
    search_fields = ("name",)
    search_help_text = "Name"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Count what was recorded along."""
        rows: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(answers_count=Count("answers"))
        return counted

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep a case where it is."""
        return ("data_set",) if obj else ()

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Show beside the form what was recorded, and offer to replay it."""
        rows = Case.objects.select_related("data_set__workflow", "data_set__agent", "data_set__crew", "run")
        case = rows.filter(pk=row_id(object_id)).first()
        answers = RecordedAnswer.objects.filter(case=case).defer("asked", "error")[:ANSWERS_SHOWN] if case else []
        shown = {
            "answers": answers,
            "versions": versions_of(case.data_set) if case else [],
            "replays": Run.Replay.choices,
        }
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    @display(description="Tags")
    def tags_shown(self, case: Case) -> str:
        """Show its tags."""
        return ", ".join(case.tags)

    @display(description="Recorded", ordering="answers_count")
    def recorded(self, case: Any) -> str:
        """Show how many answers a replay takes from it."""
        return f"{case.answers_count} answer{'' if case.answers_count == 1 else 's'}" if case.answers_count else "—"

    @display(description="Changed", ordering="updated_at")
    def changed(self, case: Case) -> str:
        """Show when it was changed."""
        return formats.ago(case.updated_at)

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> Case:
        """Store by the actions."""
        given, actor = dict(form.cleaned_data), actor_of(request)
        given["inputs"] = given["inputs"] or {}
        return update_case(actor=actor, case=original, **given) if original else create_case(actor=actor, **given)

    def remove(self, request: HttpRequest, obj: Case) -> None:
        """Delete by the action."""
        delete_case(actor=actor_of(request), case=obj)


@tenant_site.page("workflows/case/<uuid:case_id>/run/", "case_run")
@require_POST
def run(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Start a run of the case, and go to its page."""
    case = get_object_or_404(Case, pk=case_id)
    replay = request.POST.get("replay", Run.Replay.STRICT)
    chosen = replay if replay in Run.Replay.values else Run.Replay.STRICT
    try:
        started = run_case(
            actor=actor_of(request), case=case, version=request.POST.get("version", "")[:20], replay=chosen
        )
    except NexodError as error:
        tell(request, error)
        return HttpResponseRedirect(reverse("admin:workflows_case_change", args=(case.pk,)))
    return HttpResponseRedirect(reverse("admin:workflows_run_change", args=(started.pk,)))


@tenant_site.page("workflows/run/<uuid:run_id>/case/", "run_case")
def save(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Ask where a run is saved as a case, and save it."""
    found = get_object_or_404(Run.objects.defer("definition"), pk=run_id)
    if not may(request, "workflows.add_case"):
        raise PermissionDenied("Your role does not save cases.")
    same = {"workflow": found.workflow_id, "agent": found.agent_id, "crew": found.crew_id}
    form = SaveCaseForm(
        DataSet.objects.filter(**same).order_by("created_at"), request.POST if request.method == "POST" else None
    )
    if request.method == "POST" and form.is_valid():
        try:
            case = save_case(actor=actor_of(request), run=found, **form.cleaned_data)
        except NexodError as error:
            for field, message in problems(error):
                form.add_error(field if field in form.fields else None, message)
        else:
            messages.success(request, "The run is saved as a case.")
            return HttpResponseRedirect(reverse("admin:workflows_case_change", args=(case.pk,)))
    page = {
        "title": f"Save {found.title} as a case",
        "run": found,
        "form": form,
        "opts": found._meta,
        "original": found,
    }
    return tenant_site.render(request, "nexod/evals/save_case.html", page)
