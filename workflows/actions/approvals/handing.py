"""Take an approval onto one's desk, put it back, or hand it to somebody else: nobody decides more by it than they could."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from nexod.kernel.errors import InvalidInput, NexodError, PermissionDenied
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from workflows.actions.approval_record import Kind, note, tell_people
from workflows.actions.approvals.deciding import locked
from workflows.actions.approvals.settling import tell_workspace
from workflows.approvals.claims import claim_of
from workflows.approvals.people import PERMISSION, Member, desk_of, members, places_of, require_open
from workflows.approvals.policy import parse
from workflows.errors import ApprovalClaimed, ClaimUseless, DutiesSeparated, VoteCast
from workflows.json_text import storable
from workflows.models import Approval

REASSIGN = "workflows.reassign_approval"
DUTIES = "separated"


@transaction.atomic
def claim_approval(*, actor: User, approval: Approval) -> Approval:
    """Keep the approval for the actor until it is decided, released, or forgotten for LASTS; claimed again, longer.

    Raises what ``decide_approval`` raises for who may not decide, and ClaimUseless where several have to vote.
    """
    require_permission(actor, PERMISSION)
    found = locked(approval.pk)
    desk_of(actor).place(found)
    if parse(found.policy).quorum != "any":
        raise ClaimUseless
    is_new = claim_of(found) != actor.pk
    found.claimed_by, found.claimed_at = actor, timezone.now()
    found.save(update_fields=["claimed_by", "claimed_at", "updated_at"])
    if is_new:
        note(found, Kind.CLAIMED, by=actor)
        tell_workspace(found, "claimed", by=actor.email)
    return found


@transaction.atomic
def release_approval(*, actor: User, approval: Approval) -> Approval:
    """Put a claimed approval back; of somebody else's claim only who may reassign. Raises ApprovalClaimed."""
    require_permission(actor, PERMISSION)
    found = locked(approval.pk)
    require_open(found)
    holder = claim_of(found)
    if holder is None:
        return found
    if holder != actor.pk and not actor.has_perm(REASSIGN):
        raise ApprovalClaimed(details={"by": str(found.claimed_by or "")})
    found.claimed_by = found.claimed_at = None
    found.save(update_fields=["claimed_by", "claimed_at", "updated_at"])
    note(found, Kind.RELEASED, by=actor, holder=str(holder))
    tell_workspace(found, "released", by=actor.email)
    return found


@transaction.atomic
def reassign_approval(
    *, actor: User, approval: Approval, to: User, instead_of: User | None = None, comment: str = ""
) -> Approval:
    """Have ``to`` decide in place of the actor, or, for who may reassign any approval, of ``instead_of``.

    Where one decision is enough it is theirs alone from then on; where several vote, one place changes hands. Nobody takes what
    is not theirs for themselves, and neither gives nor takes what separation of duties keeps from them.
    Raises PermissionDenied, NotAsked, DutiesSeparated, InvalidInput, VoteCast, ApprovalAlreadyDecided, ApprovalWithdrawn.
    """
    require_permission(actor, PERMISSION)
    found = locked(approval.pk)
    _require_no_duty(found, actor, "You")
    place = _place(found, actor, instead_of)
    require_open(found)
    receiver = _receiver(found, actor, to)
    alone = parse(found.policy).quorum == "any"
    if alone:
        found.assigned_to = to
    else:
        _change_places(found, place, receiver)
    found.excluded = [person for person in found.excluded if person != receiver.id]
    found.claimed_by = found.claimed_at = None
    found.save()
    former = place.email if place else ""
    about = {"instead_of": former, "comment": storable(comment)[:4_000]}
    tell_people(note(found, Kind.REASSIGNED, by=actor, for_user=receiver, **about).pk)
    tell_workspace(found, "reassigned", to=receiver.email)
    return found


def _place(approval: Approval, actor: User, instead_of: User | None) -> Member | None:
    """Return whose place is given away; None for a whole approval that is nobody's in particular."""
    try:
        own = desk_of(actor).places(approval)
    except NexodError:
        if not actor.has_perm(REASSIGN):
            raise
        own = []
    if instead_of is None or instead_of.pk == actor.pk:
        return own[0] if own else None
    mine = next((one for one in own if one.id == instead_of.pk), None)
    if mine is None and not actor.has_perm(REASSIGN):
        raise PermissionDenied(f"This needs the permission {REASSIGN}.", details={"permission": REASSIGN})
    found = mine or places_of(approval).get(instead_of.pk)
    if found is None:
        raise _invalid("instead_of", f"{instead_of} is not asked.")
    return found


def _receiver(approval: Approval, actor: User, to: User) -> Member:
    found = members(Q(pk=to.pk)).get(to.pk)
    if found is None:
        raise _invalid("to", f"{to} may not decide approvals.")
    _require_no_duty(approval, to, str(to))
    if found.id == actor.pk and not found.is_asked(approval):
        raise _invalid("to", "Nobody takes for himself what he is not asked; somebody else has to give it to you.")
    return found


def _change_places(approval: Approval, place: Member | None, receiver: Member) -> None:
    if place is None:
        raise _invalid("instead_of", "Several people vote on this: say in whose place.")
    if receiver.id == place.id or receiver.is_asked(approval):
        raise _invalid("to", f"{receiver.name} votes on this already.")
    votes = approval.votes.filter(round=approval.round)
    if votes.filter(Q(user=place.id) | Q(for_user=place.id)).exists():
        raise VoteCast(f"{place.name} has voted already.")
    approval.excluded = [*approval.excluded, place.id]
    approval.people = [*approval.people, receiver.id]


def _require_no_duty(approval: Approval, person: User, name: str) -> None:
    duties = approval.policy.get(DUTIES, {})
    duty = next((duty for duty, who in duties.items() if who == str(person.pk)), "")
    if duty:
        did = "started this run" if duty == "starter" else "edited last what is run"
        raise DutiesSeparated(f"{name} {did}, and so has no part in who decides this.", details={"duty": duty})


def _invalid(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, details=[{"field": field, "message": message}])
