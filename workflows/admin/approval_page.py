"""The page of one approval, and its card alone for whoever reads it beside the inbox."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.http import url_has_allowed_host_and_scheme

from nexod.admin import tenant_site
from nexod.admin.actors import may
from nexod.kernel.errors import PermissionDenied
from tenants.accounts.models import User
from workflows.admin.approval_cards import WITH, card_of
from workflows.admin.approval_records import record_of
from workflows.approvals.people import places_of, stand_ins_for
from workflows.models import Approval

NAMED = 12


def approval_page(
    request: HttpRequest, approval: Approval, *, stale: str = "", status: int = 200, **more: Any
) -> HttpResponse:
    """Return the page; ``stale`` says why nothing was decided just now, ``more`` is what the card shows of the last try."""
    card = card_of(request, approval, **more)
    page = {
        "title": approval.title,
        "original": approval,
        "opts": Approval._meta,
        "approval": approval,
        "card": card,
        "run": approval.run,
        "stale": stale,
        "who": who_decides(approval) if approval.status == Approval.Status.PENDING else [],
        "asked": _asked(approval),
        "tool": approval.subject.partition(":")[2],
        "record": record_of(approval),
    }
    response = tenant_site.render(request, "nexod/approvals/page.html", page)
    response.status_code = status
    return response


@tenant_site.page("workflows/approval/<uuid:approval_id>/card/", "approval_card")
def card_alone(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Answer with the card of an approval, without a frame."""
    if not may(request, "workflows.view_approval"):
        raise PermissionDenied
    approval = get_object_or_404(Approval.objects.select_related(*WITH), pk=approval_id)
    back = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    card = card_of(request, approval, next=back if safe else "")
    return TemplateResponse(request, "nexod/approvals/card.html", {"card": card, "linked": True})


def who_decides(approval: Approval) -> list[str]:
    """Return the names of those whose approval it is, and who acts for those of them who are away."""
    places = places_of(approval)
    acting = stand_ins_for(places, approval)
    names = {person.pk: str(person) for person in User.objects.filter(pk__in=acting.values())} if acting else {}
    people = sorted(places.values(), key=lambda one: one.name)[:NAMED]
    named = [f"{one.name} (away: {names[acting[one.id]]})" if one.id in acting else one.name for one in people]
    return [*named, f"{len(places) - NAMED} more"] if len(places) > NAMED else named


def _asked(approval: Approval) -> str:
    """Return the roles and groups that were asked."""
    return ", ".join(dict.fromkeys([*approval.roles, *approval.groups]))
