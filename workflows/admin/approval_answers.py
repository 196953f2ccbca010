"""What people say to an approval in the admin: decide, claim, release, pass on, and many at once. Each is one action."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from nexod.admin import states, tenant_site
from nexod.admin.actors import actor_of
from nexod.admin.refusals import problems, tell
from nexod.admin.schema_form import InputForm
from nexod.kernel.errors import Conflict, InvalidInput, NexodError
from tenants.accounts.models import User
from workflows.actions.approvals import (
    claim_approval,
    decide_approval,
    note_seen,
    reassign_approval,
    release_approval,
)
from workflows.admin.approval_cards import WITH, edit_form, edited
from workflows.admin.approval_page import approval_page
from workflows.approvals.seen import present_digest
from workflows.models import Approval

Json = dict[str, Any]
MAX_AT_ONCE = 100
TOGETHER = {"approve": "approved", "reject": "rejected", "claim": "claimed"}


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one of many."""

    pk: str
    title: str
    problem: str = ""
    is_open: bool = False


@tenant_site.page("workflows/approval/<uuid:approval_id>/decide/", "approval_decide")
@require_POST
def decide(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Decide and go back to where the person came from; after a refusal show what is asked now, with what was typed."""
    approval = get_object_or_404(Approval.objects.select_related(*WITH), pk=approval_id)
    given = {name: request.POST.get(name, "") for name in ("decision", "comment", "content", "digest")}
    form = _edited(request, approval, given)
    try:
        if form is not None:
            given["content"] = _filled(approval, form)
        found = decide_approval(actor=actor_of(request), approval=approval, **given)
    except InvalidInput as error:
        return _again(request, approval, given, error, form)
    except Conflict as error:
        now = get_object_or_404(Approval.objects.select_related(*WITH), pk=approval_id)
        return approval_page(
            request, now, stale=error.message, given={"comment": given["comment"]}, status=error.status
        )
    except NexodError as error:
        tell(request, error)
        return _back(request, approval)
    _tell_decided(request, found, given["decision"])
    return _back(request, approval)


@tenant_site.page("workflows/approval/<uuid:approval_id>/seen/", "approval_seen")
@require_POST
def seen(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Write down that this was on the person's screen; what has changed meanwhile was not seen."""
    approval = get_object_or_404(Approval, pk=approval_id)
    if request.POST.get("digest") == present_digest(approval):
        note_seen(actor=actor_of(request), approval=approval)
    return HttpResponse(status=204)


@tenant_site.page("workflows/approval/<uuid:approval_id>/claim/", "approval_claim")
@require_POST
def claim(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Take it as one's own to decide."""
    return _done(request, approval_id, claim_approval, "It is yours to decide. Others see that you have it.")


@tenant_site.page("workflows/approval/<uuid:approval_id>/release/", "approval_release")
@require_POST
def release(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Let others have it again."""
    return _done(request, approval_id, release_approval, "Others can take it again.")


@tenant_site.page("workflows/approval/<uuid:approval_id>/reassign/", "approval_reassign")
@require_POST
def reassign(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Pass it, or one place among those who vote, to somebody else."""
    to, former = _person(request, "to"), _person(request, "instead_of")
    if to is None:
        messages.error(request, "Choose to whom it goes.")
        return _back(request, get_object_or_404(Approval, pk=approval_id))
    comment = request.POST.get("comment", "")
    return _done(request, approval_id, reassign_approval, f"Passed to {to}.", to=to, instead_of=former, comment=comment)


@tenant_site.page("workflows/approval/bulk/", "approvals_bulk")
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """Decide, or claim, each of those that were ticked by itself; what one of them refuses stops no other."""
    decision = request.POST.get("decision", "")
    chosen = list(dict.fromkeys(request.POST.getlist("row")))[:MAX_AT_ONCE]
    back = _safe(request) or reverse("admin:workflows_approval_changelist")
    if decision not in TOGETHER or not chosen:
        messages.error(request, "Tick what is to be decided, then say how.")
        return HttpResponseRedirect(back)
    results = [found for row in chosen if (found := _one(request, row, decision)) is not None]
    done = sum(not result.problem for result in results)
    context = {
        "title": "Several at once",
        "opts": Approval._meta,
        "results": results,
        "done": done,
        "did": TOGETHER[decision],
        "back": back,
    }
    return tenant_site.render(request, "nexod/approvals/results.html", context)


def _one(request: HttpRequest, row: str, decision: str) -> Result | None:
    """Do it to one row, ``<id>:<digest>``; None for what is not there."""
    name, _, digest = row.partition(":")
    try:
        approval = Approval.objects.select_related("run", "step").filter(pk=UUID(name)).first()
    except ValueError:
        approval = None
    if approval is None:
        return None
    try:
        if decision == "claim":
            found = claim_approval(actor=actor_of(request), approval=approval)
        else:
            _require_plain(approval)
            comment = request.POST.get("comment", "")
            actor = actor_of(request)
            found = decide_approval(actor=actor, approval=approval, decision=decision, comment=comment, digest=digest)
            tenant_site._registry[Approval].log_change(request, approval, f"{states.word(decision)}, one of several.")
    except NexodError as error:
        return Result(str(approval.pk), approval.title, " ".join(message for _, message in problems(error)))
    is_open = decision != "claim" and found.status == Approval.Status.PENDING
    return Result(str(approval.pk), approval.title, is_open=is_open)


def _person(request: HttpRequest, name: str) -> User | None:
    """Return the person of a form's field."""
    try:
        return User.objects.filter(pk=UUID(request.POST.get(name, ""))).first()
    except ValueError:
        return None


def _require_plain(approval: Approval) -> None:
    """Raise InvalidInput for what nobody should decide without looking at it."""
    if approval.kind != Approval.Kind.APPROVAL:
        raise InvalidInput("This has to be looked at by itself: open it.")


def _edited(request: HttpRequest, approval: Approval, given: Json) -> InputForm | None:
    """Return the filled form of an edit whose content has a schema."""
    return edit_form(approval, request.POST) if given["decision"] == Approval.Decision.EDIT else None


def _filled(approval: Approval, form: InputForm) -> str:
    """Return what the form makes of what is asked, as JSON; raise InvalidInput where it complains."""
    if not form.is_valid():
        raise InvalidInput("Look at what you edited: something in it is not right.")
    return json.dumps(edited(approval, form), ensure_ascii=False)


def _again(
    request: HttpRequest, approval: Approval, given: Json, error: InvalidInput, form: InputForm | None
) -> HttpResponse:
    """Show the approval with the complaint, and everything that was typed."""
    problem = " ".join(message for _, message in problems(error))
    if form is not None and form.is_valid():
        form.refuse({"field": name.removeprefix("content."), "message": message} for name, message in problems(error))
    return approval_page(request, approval, given=given, form=form, problem=problem, status=error.status)


def _tell_decided(request: HttpRequest, found: Approval, decision: str) -> None:
    word = states.word(decision)
    tenant_site._registry[Approval].log_change(request, found, f"{word}.")
    if found.status == Approval.Status.PENDING:
        messages.success(request, f"{word}. Your vote counts; others have to decide, too.")
        return
    after = "The step fails." if decision == Approval.Decision.FAIL else "The run goes on."
    messages.success(request, f"{word}. {after}")


def _done(request: HttpRequest, approval_id: UUID, action: Callable[..., Any], words: str, **more: Any) -> HttpResponse:
    approval = get_object_or_404(Approval, pk=approval_id)
    try:
        action(actor=actor_of(request), approval=approval, **more)
    except NexodError as error:
        tell(request, error)
    else:
        messages.success(request, words)
    return _back(request, approval)


def _back(request: HttpRequest, approval: Approval) -> HttpResponse:
    page = reverse("admin:workflows_approval_change", args=(approval.pk,))
    return HttpResponseRedirect(_safe(request) or page)


def _safe(request: HttpRequest) -> str:
    """Return the address on this host that the form names, or nothing."""
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return back if safe else ""
