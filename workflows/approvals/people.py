"""Who may decide an approval now: read from roles, groups, addresses and absences. One reading serves any number of approvals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import Group
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from nexod.kernel.errors import NexodError, PermissionDenied
from tenants.accounts.models import User
from tenants.accounts.permissions import holding
from tenants.accounts.roles import OWNER
from workflows.approvals.claims import claim_of, lapsed
from workflows.approvals.standing import stand_in_of
from workflows.errors import (
    ApprovalAlreadyDecided,
    ApprovalAssigned,
    ApprovalClaimed,
    ApprovalWithdrawn,
    DutiesSeparated,
    NotAsked,
    VoteCast,
)
from workflows.models import Absence, Approval, Vote

PERMISSION = "workflows.decide_approval"


@dataclass(frozen=True, slots=True)
class Member:
    """An active person who may decide approvals at all, with the names of their roles and groups."""

    id: UUID
    email: str
    name: str
    names: frozenset[str]

    def is_asked(self, approval: Approval) -> bool:
        """Say whether the approval is this person's to decide, whoever has it on the desk."""
        if self.id in approval.excluded:
            return False
        return self.id in approval.people or not self.names.isdisjoint([*approval.roles, *approval.groups])


@dataclass(frozen=True, slots=True)
class Desk:
    """One person, and those who are away and for whom this person stands in."""

    user: User
    member: Member | None
    stands_in_for: tuple[Member, ...] = ()

    def places(self, approval: Approval) -> list[Member]:
        """Return in whose place this person may decide: the own one before that of others. Raises the reason for none."""
        if self.member is None:
            raise PermissionDenied(f"This needs the permission {PERMISSION}.", details={"permission": PERMISSION})
        _require_apart(self.user, approval)
        everybody = [self.member, *self.stands_in_for]
        if approval.assigned_to_id is not None:
            found = [one for one in everybody if one.id == approval.assigned_to_id and one.id not in approval.excluded]
        else:
            found = [one for one in everybody if one.is_asked(approval)]
        if not found:
            raise _not_asked(approval)
        return found

    def refusal(self, approval: Approval) -> NexodError | None:
        """Return why this person may not decide now; None where they may. ``approval.votes`` should be at hand."""
        try:
            self.place(approval)
        except NexodError as refusal:
            return refusal
        return None

    def place(self, approval: Approval) -> Member:
        """Return in whose place this person decides now; raise why they may not."""
        places = self.places(approval)
        require_open(approval)
        holder = claim_of(approval)
        if holder is not None and holder != self.user.pk:
            raise ApprovalClaimed(details={"by": str(approval.claimed_by or "")})
        said = [vote for vote in approval.votes.all() if vote.round == approval.round]
        if any(vote.user_id == self.user.pk for vote in said):
            raise VoteCast
        filled = {person for vote in said for person in (vote.user_id, vote.for_user_id)}
        free = [one for one in places if one.id not in filled]
        if not free:
            raise VoteCast("Somebody has voted in your place already.")
        return free[0]


def require_open(approval: Approval) -> None:
    """Raise ApprovalAlreadyDecided or ApprovalWithdrawn for what is not asked any more."""
    if approval.status == Approval.Status.DECIDED:
        by = str(approval.decided_by or "") if approval.decided_by_id else ""
        raise ApprovalAlreadyDecided(details={"decision": approval.decision, "by": by})
    run = approval.run
    stopping = run.cancel_requested and run.compensation is None  # what an undo asks has to be answered
    if approval.status == Approval.Status.WITHDRAWN or run.is_over or stopping:
        raise ApprovalWithdrawn


def desk_of(user: User) -> Desk:
    """Return what one person has to decide by, in at most three queries."""
    away = absences()
    represented = [person for person in away if stand_in_of(person, away) == user.pk]
    found = members(Q(pk__in=[user.pk, *represented]))
    others = [found[person] for person in represented if person in found]
    return Desk(user, found.get(user.pk), tuple(sorted(others, key=lambda one: one.email)))


def may_decide(actor: User, approval: Approval) -> NexodError | None:
    """Return why the person may not decide the approval now, an error that is not raised; None where they may."""
    return desk_of(actor).refusal(approval)


def decidable_by(actor: User, desk: Desk | None = None) -> QuerySet[Approval]:
    """Return the approvals that the person may decide now."""
    desk = desk or desk_of(actor)
    if desk.member is None:
        return Approval.objects.none()
    voted = Vote.objects.filter(approval=OuterRef("pk"), round=OuterRef("round"))
    mine = Q()
    for one in (desk.member, *desk.stands_in_for):
        names = sorted(one.names)
        asked = Q(people__contains=[one.id]) | Q(roles__overlap=names) | Q(groups__overlap=names)
        place = Q(assigned_to=one.id) | (Q(assigned_to=None) & asked)
        taken = Exists(voted.filter(Q(user=one.id) | Q(for_user=one.id)))
        mine |= place & ~Q(excluded__contains=[one.id]) & ~Q(taken)
    free = Q(claimed_by=None) | Q(claimed_by=actor.pk) | Q(claimed_at__lt=lapsed())
    rows = Approval.objects.pending().filter(mine, free).exclude(excluded__contains=[actor.pk])
    return rows.exclude(Exists(voted.filter(user=actor.pk))).exclude(run__cancel_requested=True, run__compensation=None)


def places_of(approval: Approval) -> dict[UUID, Member]:
    """Return everybody whose approval it is now, whether or not they have voted; of an assigned one it is one."""
    if approval.assigned_to_id is not None:
        return members(Q(pk=approval.assigned_to_id) & ~Q(pk__in=approval.excluded))
    names = {*approval.roles, *approval.groups}
    wanted = Q(pk__in=approval.people) | Q(groups__name__in=names)
    if OWNER in names:
        wanted |= Q(is_superuser=True)
    return members(wanted & ~Q(pk__in=approval.excluded))


def stand_ins_for(places: Iterable[UUID], approval: Approval) -> dict[UUID, UUID]:
    """Return who acts for those of the places who are away, as far as they may decide this approval."""
    away = absences()
    found = {place: stand_in_of(place, away) for place in places if place in away}
    able = members(Q(pk__in=[one for one in found.values() if one is not None and one not in approval.excluded]))
    return {place: one for place, one in found.items() if one in able}


def absent_of(places: Iterable[UUID], stand_ins: Iterable[UUID]) -> set[UUID]:
    """Return those of the places who are away, and have nobody who acts for them: ``stand_ins`` are those who have."""
    away = Absence.objects.at(timezone.now()).filter(user__in=list(places)).exclude(user__in=list(stand_ins))
    return set(away.values_list("user_id", flat=True))


def deciders(approval: Approval) -> QuerySet[User]:
    """Return whom to tell of the approval: who may decide it now, stand-ins too; of a claimed one its holder alone."""
    holder = claim_of(approval)
    if holder is not None:
        return User.objects.filter(pk=holder)
    voted = [vote for vote in approval.votes.all() if vote.round == approval.round]
    filled = {person for vote in voted for person in (vote.user_id, vote.for_user_id)}
    places = [place for place in places_of(approval) if place not in filled]
    stand_ins = set(stand_ins_for(places, approval).values()) - filled
    return User.objects.filter(pk__in=[*places, *stand_ins]).order_by("email")


def members(wanted: Q) -> dict[UUID, Member]:
    """Return the active people of these who may decide approvals at all, in one query."""
    names = Group.objects.filter(user=OuterRef("pk")).order_by().values_list("name")
    rows = (
        User.objects.filter(wanted, is_active=True)
        .filter(holding(PERMISSION))
        .distinct()
        .annotate(names=ArraySubquery(names))
    )
    return {
        pk: Member(pk, email, name or email, frozenset([*names, *([OWNER] if above else [])]))
        for pk, email, name, above, names in rows.values_list("pk", "email", "full_name", "is_superuser", "names")
    }


def absences(at: datetime | None = None) -> Mapping[UUID, UUID]:
    """Return who is away, with the stand-in that they chose; chosen twice, the later absence counts."""
    rows = Absence.objects.at(at or timezone.now()).filter(stand_in__is_active=True).order_by("from_at", "id")
    return dict(rows.values_list("user_id", "stand_in_id"))


def _require_apart(user: User, approval: Approval) -> None:
    """Raise DutiesSeparated for who started the run or edited its definition, and for who has passed it on."""
    if user.pk not in approval.excluded:
        return
    separated = approval.policy.get("separated", {})
    duty = next((name for name, person in separated.items() if person == str(user.pk)), "")
    raise DutiesSeparated(_APART.get(duty, "You have passed this on to somebody else."), details={"duty": duty})


_APART = {
    "starter": "You started this run, so somebody else has to decide this.",
    "editor": "You edited what is run last, so somebody else has to decide this.",
}


def _not_asked(approval: Approval) -> NexodError:
    if approval.assigned_to_id is not None:
        return ApprovalAssigned(details={"to": str(approval.assigned_to or "")})
    named = [*approval.roles, *approval.groups]
    asked = ", ".join(named) if not approval.people else ", ".join([*named, "people by name"])
    return NotAsked(f"This is for {asked} to decide.", details={"roles": approval.roles, "groups": approval.groups})
