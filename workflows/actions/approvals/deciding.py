"""Decide approvals: everybody votes once, and the vote that makes up the quorum decides, once, however many come together."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from nexod.kernel import events
from nexod.kernel.errors import NotFound
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from workflows.actions.approval_record import Kind, note, tell_people
from workflows.actions.approvals.settling import settle, tell_workspace
from workflows.actions.events import append_event
from workflows.approvals.answers import offered as offered
from workflows.approvals.answers import require_complete
from workflows.approvals.people import PERMISSION, Member, absent_of, desk_of, places_of, stand_ins_for
from workflows.approvals.policy import Policy, parse
from workflows.approvals.quorum import Said, Tally, tally
from workflows.approvals.seen import digest_of, present_digest
from workflows.errors import ApprovalChanged
from workflows.json_text import storable
from workflows.models import Approval, Run, Vote

MAX_COMMENT = 4_000


@transaction.atomic
def decide_approval(
    *, actor: User, approval: Approval, decision: str, comment: str = "", content: str = "", digest: str = ""
) -> Approval:
    """Vote on a pending approval, and, where that makes up its quorum, let its run go on; return it.

    ``decision`` is one that the approval offers: approve, reject, edit (needs ``content``), request_changes (needs
    ``comment``); of an effect whose outcome is unknown happened (``content`` may be its result, as JSON), again or fail. What a
    budget asks is about room: approve lets this run use more, edit (``content``, a number) sets a new limit for all.
    ``digest`` is the hash of what was seen. An edit that needs more votes begins a new round, in which it is what is asked.

    Raises PermissionDenied, NotAsked, DutiesSeparated, InvalidInput; ApprovalAlreadyDecided, ApprovalWithdrawn, ApprovalClaimed,
    VoteCast, and ApprovalChanged where something else was seen.
    """
    require_permission(actor, PERMISSION)
    found = locked(approval.pk)
    place = desk_of(actor).place(found)
    if digest and digest != present_digest(found):
        raise ApprovalChanged(details={"digest": present_digest(found)})
    require_complete(found, decision, comment, content)
    for_user = place if place.id != actor.pk else None
    if for_user:
        note(found, Kind.DELEGATED, by=actor, for_user=for_user)
    policy = parse(found.policy)
    if policy.quorum != "any" and decision == Approval.Decision.EDIT:
        _propose(found, content)
    _cast(found, actor, for_user, decision, comment, content)
    if policy.quorum == "any":
        return settle(found, decision=decision, comment=comment, content=content, by=actor, for_user=for_user)
    return _counted(found, policy, actor, for_user, decision, comment)


def standing_of(approval: Approval, policy: Policy | None = None, *, absences: bool = False) -> Tally:
    """Return how the votes of the present round stand; with ``absences`` also who is away where not all have to vote."""
    policy = policy or parse(approval.policy)
    places = places_of(approval)
    everybody = policy.quorum == "all"
    stand_ins = stand_ins_for(places, approval) if everybody or absences else {}
    absent = absent_of(places, stand_ins) if everybody or absences else set()
    votes = [vote for vote in approval.votes.all() if vote.round == approval.round]
    said = [Said(vote.user_id, vote.for_user_id, vote.decision) for vote in votes]
    return tally(policy.quorum, said, places.keys(), stand_ins, absent)


def locked(pk: UUID) -> Approval:
    """Lock the run, then the approval, and return it: everybody who locks both does so in this order."""
    runs = Run.objects.select_for_update(no_key=True, of=("self",)).defer("definition", "inputs", "outputs")
    run = runs.filter(approvals=pk).first()
    found = Approval.objects.select_for_update().filter(pk=pk).first()
    if run is None or found is None:
        raise NotFound("The approval does not exist any more.")
    found.run = run
    return found


def _propose(approval: Approval, content: str) -> None:
    """Ask about the edited content from now on: former votes were about another one, and fall."""
    approval.round += 1
    approval.edited_content = storable(content)
    approval.digest = digest_of(approval)
    approval.claimed_by = approval.claimed_at = None
    approval.save()


def _cast(approval: Approval, actor: User, for_user: Member | None, decision: str, comment: str, content: str) -> None:
    Vote.objects.create(
        approval=approval,
        round=approval.round,
        user=actor,
        for_user_id=for_user.id if for_user else None,
        decision=decision,
        comment=storable(comment),
        content=storable(content) if decision == Approval.Decision.EDIT else "",
        digest=present_digest(approval),
    )


def _counted(
    approval: Approval, policy: Policy, actor: User, for_user: Member | None, decision: str, comment: str
) -> Approval:
    """Tell of the vote, and decide where it makes up the quorum."""
    counted = standing_of(approval, policy)
    about = {"decision": decision, "approved": counted.approved, "needed": counted.needed}
    voted = note(approval, Kind.VOTED, by=actor, for_user=for_user, comment=storable(comment), **about)
    append_event(approval.run_id, _voted(approval, actor, for_user, storable(comment), counted, decision))
    tell_workspace(approval, "voted", **about)
    if not counted.outcome:
        tell_people(voted.pk)
        return approval
    return settled(approval, counted.outcome, actor, for_user)


def settled(approval: Approval, outcome: str, actor: User | None, for_user: Member | None = None) -> Approval:
    """Decide as the votes say; what was approved after an edit is the edit."""
    said = _comments(approval, outcome)
    if outcome == Approval.Decision.APPROVE and approval.edited_content:
        edited = approval.edited_content
        return settle(approval, decision="edit", comment=said, content=edited, by=actor, for_user=for_user)
    return settle(approval, decision=outcome, comment=said, by=actor, for_user=for_user)


def _comments(approval: Approval, outcome: str) -> str:
    """Return what was said by those whose votes made up the outcome."""
    same = ("approve", "edit") if outcome == "approve" else (outcome,)
    votes = approval.votes.filter(round=approval.round, decision__in=same).order_by("created_at", "id")
    return "\n\n".join(vote.comment for vote in votes if vote.comment)[:MAX_COMMENT]


def _voted(
    approval: Approval, actor: User, for_user: Member | None, comment: str, counted: Tally, decision: str
) -> events.Event:
    return events.ApprovalVoted(
        node=approval.step.node,
        step=str(approval.step_id),
        approval=str(approval.id),
        decision=decision,
        actor=actor.email,
        for_user=for_user.email if for_user else "",
        comment=comment,
        approved=counted.approved,
        needed=counted.needed,
    )
