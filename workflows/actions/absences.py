"""Say who is away, and who decides meanwhile. Everybody says so for themselves; who may change people, for anybody."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from nexod.kernel.errors import InvalidInput, PermissionDenied
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.messages import enqueue_folded
from tenants.models import DueTime
from workflows.approvals.people import members
from workflows.errors import AbsencesOverlap
from workflows.models import Absence

CHANGE_PEOPLE = "accounts.change_user"


@transaction.atomic
def set_absence(
    *, actor: User, stand_in: User, from_at: datetime, until_at: datetime | None = None, user: User | None = None
) -> Absence:
    """Return the new absence of ``user``, or of the actor; without ``until_at`` it lasts until it is deleted.

    Raises PermissionDenied, AbsencesOverlap, and InvalidInput for a stand-in who may not decide, or times that make no sense.
    """
    require_permission(actor, "workflows.add_absence")
    absence = Absence(user=user or actor, stand_in=stand_in, from_at=from_at, until_at=until_at)
    _require_own(actor, absence.user)
    _check(absence)
    absence.save()
    enqueue_folded(DueTime.Kind.RECOUNT)
    return absence


@transaction.atomic
def change_absence(
    *,
    actor: User,
    absence: Absence,
    stand_in: User | None = None,
    from_at: datetime | None = None,
    **until: datetime | None,
) -> Absence:
    """Change what is given and return it; raises what ``set_absence`` raises. What was decided meanwhile stays as it is."""
    require_permission(actor, "workflows.change_absence")
    _require_own(actor, absence.user)
    absence.stand_in = stand_in or absence.stand_in
    absence.from_at = from_at or absence.from_at
    absence.until_at = until.get("until_at", absence.until_at)
    _check(absence)
    absence.save()
    enqueue_folded(DueTime.Kind.RECOUNT)
    return absence


@transaction.atomic
def delete_absence(*, actor: User, absence: Absence) -> None:
    """Forget it: nobody stands in any more."""
    require_permission(actor, "workflows.delete_absence")
    _require_own(actor, absence.user)
    absence.delete()
    enqueue_folded(DueTime.Kind.RECOUNT)


def _require_own(actor: User, user: User) -> None:
    if actor.pk != user.pk and not actor.has_perm(CHANGE_PEOPLE):
        raise PermissionDenied(f"This needs the permission {CHANGE_PEOPLE}.", details={"permission": CHANGE_PEOPLE})


def _check(absence: Absence) -> None:
    if absence.stand_in == absence.user:
        raise _invalid("stand_in", "Somebody else has to stand in.")
    if absence.stand_in.pk not in members(Q(pk=absence.stand_in.pk)):
        raise _invalid("stand_in", f"{absence.stand_in} may not decide approvals.")
    if absence.until_at is not None and absence.until_at <= absence.from_at:
        raise _invalid("until_at", "An absence ends after it has begun.")
    User.objects.select_for_update(no_key=True).get(pk=absence.user.pk)  # one after the other, so that none overlap
    others = Absence.objects.filter(user=absence.user).exclude(pk=absence.pk)
    others = others.filter(Q(until_at=None) | Q(until_at__gt=absence.from_at))
    if absence.until_at is not None:
        others = others.filter(from_at__lt=absence.until_at)
    if (found := others.first()) is not None:
        raise AbsencesOverlap(details={"absence": str(found.pk)})


def _invalid(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, details=[{"field": field, "message": message}])
