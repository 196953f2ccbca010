"""The approvals' place in the admin: the inbox in place of Django's list, and each approval's own page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may, row_id
from nexod.admin.records import ReadOnlyAdmin
from nexod.kernel.errors import PermissionDenied
from tenants.accounts.models import User
from tenants.accounts.roles import ROLES
from workflows.actions.approvals.deciding import standing_of
from workflows.admin import approval_answers, approval_records
from workflows.admin.approval_cards import WITH
from workflows.admin.approval_inbox import DUES, KINDS, SORTS, VIEWS, Wish, counts, due_tone, listed, workflows_asked
from workflows.admin.approval_page import approval_page
from workflows.approvals.people import desk_of
from workflows.approvals.seen import present_digest
from workflows.models import Approval

__all__ = ["ApprovalAdmin", "approval_answers", "approval_records"]
Json = dict[str, Any]
EMPTY = {
    "mine": ("Nothing waits for you", "When a run asks something that is yours to decide, it is listed here at once."),
    "claimed": ("You have claimed nothing", "Claim an approval to tell others that you are at it."),
    "all": ("Nothing waits for a decision", "When a run reaches an approval, it is listed here."),
    "decided": ("Nothing has been decided yet", "Here is what was decided, by whom and when."),
}
NO_MATCH = ("Nothing like that", "No approval fits these filters.")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the inbox."""

    approval: Approval
    may_decide: bool
    is_mine: bool
    tone: str
    progress: str
    digest: str


@admin.register(Approval, site=tenant_site)
class ApprovalAdmin(ReadOnlyAdmin):
    """What runs ask people."""

    icon = "how_to_reg"
    empty_hint = EMPTY["all"][1]
    list_display = ("title",)
    search_fields = ("title", "run__title")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the inbox."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return tenant_site.render(request, "nexod/approvals/inbox.html", _inbox(request))

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Show what is asked, and the answers that the person may give."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        approval = get_object_or_404(Approval.objects.select_related(*WITH), pk=row_id(object_id))
        return approval_page(request, approval)


def _inbox(request: HttpRequest) -> Json:
    actor, wish = actor_of(request), Wish.of(request.GET)
    page, numbers = listed(actor, wish), counts(actor)
    query = wish.address()
    return {
        "title": "Approvals",
        "opts": Approval._meta,
        "wish": wish,
        "rows": _rows(actor, page.object_list),
        "page": page,
        "views": [_view(wish, name, numbers) for name in VIEWS],
        "filters": _filters(wish),
        "empty": NO_MATCH if wish.is_filtered else EMPTY[wish.view],
        "others": numbers["all"],
        "here": f"{request.path}{query}",
        "here_query": query,
        "can_bulk": wish.view != "decided" and may(request, "workflows.decide_approval"),
    }


def _rows(actor: User, approvals: Any) -> list[Row]:
    desk = desk_of(actor)
    return [
        Row(
            approval,
            may_decide=desk.refusal(approval) is None,
            is_mine=approval.claimed_by_id == actor.pk,
            tone=due_tone(approval),
            progress=_progress(approval),
            digest=present_digest(approval),
        )
        for approval in approvals
    ]


def _progress(approval: Approval) -> str:
    if approval.status != Approval.Status.PENDING or approval.policy.get("quorum", "any") in ("any", 1):
        return ""
    quorum = approval.policy["quorum"]
    if quorum == "all":
        quorum = standing_of(approval).needed
    votes = [vote for vote in approval.votes.all() if vote.round == approval.round]
    approved = sum(vote.decision in (Approval.Decision.APPROVE, Approval.Decision.EDIT) for vote in votes)
    return f"{approved} of {quorum} approved"


def _view(wish: Wish, name: str, numbers: dict[str, int]) -> Json:
    address = f"?view={name}"
    return {"title": VIEWS[name], "address": address, "is_here": wish.view == name, "count": numbers.get(name)}


def _filters(wish: Wish) -> list[Json]:
    workflows = [(str(found.pk), found.name) for found in workflows_asked()]
    return [
        {
            "name": "workflow",
            "title": "Workflow",
            "now": wish.workflow,
            "choices": [("", "Every workflow"), *workflows],
        },
        {"name": "kind", "title": "Kind", "now": wish.kind, "choices": [("", "Every kind"), *KINDS.items()]},
        {"name": "due", "title": "Due", "now": wish.due, "choices": [("", "Due at any time"), *DUES.items()]},
        {
            "name": "role",
            "title": "Role",
            "now": wish.role,
            "choices": [("", "For any role"), *((r, f"For {r}") for r in ROLES)],
        },
        {"name": "sort", "title": "Order", "now": wish.sort or "due", "choices": list(SORTS.items())},
    ]
