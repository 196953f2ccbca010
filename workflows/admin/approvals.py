"""The approvals inbox: what waits first, and the page on which a person decides."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from unfold.decorators import display

from nexod.admin import formats, states, tenant_site
from nexod.admin.actors import actor_of, row_id
from nexod.admin.records import ReadOnlyAdmin
from nexod.admin.refusals import tell
from nexod.kernel.errors import NexodError, PermissionDenied
from workflows.actions.approvals import decide_approval, offered
from workflows.admin.run_page import may_decide
from workflows.models import Approval


@admin.register(Approval, site=tenant_site)
class ApprovalAdmin(ReadOnlyAdmin):
    """What runs ask people."""

    icon = "how_to_reg"
    empty_hint = "Nothing waits for a decision. When a run reaches an approval, it is listed here."
    list_display = ("title_and_run", "state", "asked", "for_roles", "decided")
    list_display_links = ("title_and_run",)
    list_select_related = ("run", "decided_by")
    list_filter = ("status", "kind", "decision")
    search_fields = ("title", "run__title")
    search_help_text = "Title or run"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Approval]:
        """Leave out what only the pages of an approval and of a run show."""
        rows = super().get_queryset(request)
        return rows.defer("content", "edited_content", "run__definition", "run__inputs", "run__outputs", "run__error")

    def get_ordering(self, request: HttpRequest) -> tuple[Any, ...]:
        """Put what waits first."""
        waits = Case(When(status=Approval.Status.PENDING, then=Value(0)), default=Value(1), output_field=IntegerField())
        return (waits.asc(), "-created_at", "-id")

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Show what is asked, and the answers that the person may give."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        approval = get_object_or_404(Approval.objects.select_related("run", "step", "decided_by"), pk=row_id(object_id))
        page = {
            "title": approval.title,
            "original": approval,
            "opts": self.opts,
            "approval": approval,
            "run": approval.run,
            "decisions": offered(approval),
            "may_decide": may_decide(request, approval),
        }
        return tenant_site.render(request, "nexod/approvals/page.html", page)

    @display(description="Approval", header=True)
    def title_and_run(self, approval: Approval) -> list[str]:
        """Show the question over the run."""
        return [approval.title, approval.run.title]

    @display(description="State")
    def state(self, approval: Approval) -> str:
        """Show whether it waits, or what was decided."""
        waits = approval.status == Approval.Status.PENDING
        return states.chip("waiting") if waits else states.chip(approval.decision or approval.status)

    @display(description="Asked")
    def asked(self, approval: Approval) -> str:
        """Show when it was asked."""
        return formats.ago(approval.created_at)

    @display(description="For")
    def for_roles(self, approval: Approval) -> str:
        """Show who may decide."""
        return ", ".join(approval.roles)

    @display(description="Decided by")
    def decided(self, approval: Approval) -> str:
        """Show who decided."""
        return str(approval.decided_by or "—")


@tenant_site.page("workflows/approval/<uuid:approval_id>/decide/", "approval_decide")
@require_POST
def decide(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Decide by the action and go back to where the person came from."""
    approval = get_object_or_404(Approval, pk=approval_id)
    given = {name: request.POST.get(name, "") for name in ("decision", "comment", "content")}
    try:
        decide_approval(actor=actor_of(request), approval=approval, **given)
    except NexodError as error:
        tell(request, error)
    else:
        word = states.word(given["decision"])
        tenant_site._registry[Approval].log_change(request, approval, f"{word}.")
        after = "The step fails." if given["decision"] == Approval.Decision.FAIL else "The run goes on."
        messages.success(request, f"{word}. {after}")
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    page = reverse("admin:workflows_approval_change", args=(approval_id,))
    return HttpResponseRedirect(back if safe else page)
