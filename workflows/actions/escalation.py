"""Escalation: who may decide an approval grows, or moves to others; those whom separation of duties keeps out stay out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tenants.accounts.models import User
from workflows.approvals.people import places_of
from workflows.models import Approval

Json = dict[str, Any]
FIELDS = ["roles", "groups", "people", "assigned_to", "claimed_by", "claimed_at", "level", "updated_at"]


def widen(approval: Approval, step: Json) -> bool:
    """Let those whom the step names decide, too; with ``move`` nobody else. Say whether it moved.

    Whoever has the approval on the desk gives it back, but may still decide unless it moves. It never moves to nobody.
    """
    to = step["to"]
    roles, groups = to.get("roles", []), to.get("groups", [])
    people = list(
        User.objects.filter(email__in=to.get("users", []), is_active=True).order_by("pk").values_list("pk", flat=True)
    )
    moves = bool(step.get("move")) and bool(places_of(_asked_of(roles, groups, people, approval)))
    if moves:
        approval.roles, approval.groups, approval.people = roles, groups, people
    else:
        held = [approval.assigned_to_id] if approval.assigned_to_id else []
        approval.roles = _together(approval.roles, roles)
        approval.groups = _together(approval.groups, groups)
        approval.people = _together(approval.people, held, people)
    approval.assigned_to = approval.claimed_by = approval.claimed_at = None
    approval.level += 1
    approval.save(update_fields=FIELDS)
    return moves


def _asked_of(roles: list[str], groups: list[str], people: list[Any], like: Approval) -> Approval:
    """Return an approval that only these are asked, to look who they are."""
    return Approval(roles=roles, groups=groups, people=people, excluded=like.excluded)


def _together(*parts: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(one for part in parts for one in part))
