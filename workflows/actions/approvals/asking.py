"""Whom a question is for, resolved when it is asked and kept with it: later changes of the workflow change nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from nexod.kernel.run_port import Question
from tenants.accounts.models import User
from tenants.accounts.roles import OWNER, ROLES
from workflows.actions.approval_record import Kind, note
from workflows.actions.approvals.separating import duties_of
from workflows.approvals.people import places_of
from workflows.approvals.policy import DEFAULT_ROLES, Policy, Who, parse
from workflows.approvals.seen import digest_of
from workflows.errors import ApproversMissing
from workflows.expressions import strings
from workflows.models import Approval, Run

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resolved:
    """Whom a policy names, without its expression; ``unknown`` are words that it gave and nobody has."""

    users: dict[str, UUID]
    roles: list[str]
    groups: list[str]
    unknown: list[str]

    def as_json(self) -> Json:
        """Return it as a policy writes it."""
        named = {"users": list(self.users), "roles": self.roles, "groups": self.groups}
        return {name: value for name, value in named.items() if value}


def ask(approval: Approval, question: Question, run: Run, values: Mapping[str, Any]) -> None:
    """Fill in who decides the approval, how many of them and by when, as the question's policy says of this run.

    Raises ApproversMissing where a policy asks for more people than there are, ExpressionFailed.
    """
    policy = parse(question.policy)
    who = resolved(policy.who if not policy.who.nobody else Who(roles=_roles(question)), values)
    separated = duties_of(run, policy.separate)
    approval.roles, approval.groups, approval.people = who.roles, who.groups, list(who.users.values())
    approval.excluded = sorted(set(separated.values()))
    approval.policy = _kept(question.policy, policy, who, separated, values)
    if question.within_s is not None and policy.due is None:
        approval.policy["due"] = {"after": f"{max(1, round(question.within_s))}s", "on_timeout": "fail"}
    approval.round, approval.level = 1 if approval._state.adding else approval.round + 1, 0
    approval.assigned_to = approval.claimed_by = approval.claimed_at = None
    approval.digest = digest_of(approval)
    if question.policy:
        _require_enough(approval, policy, who)


def note_asked(approval: Approval) -> None:
    """Add to the record that it was asked, and of whom."""
    asked = {name: approval.policy[name] for name in ("who", "quorum", "separate") if name in approval.policy}
    note(approval, Kind.ASKED, title=approval.title, **(asked or {"who": {"roles": approval.roles}}))


def resolved(who: Who, values: Mapping[str, Any]) -> Resolved:
    """Return whom it names in this run: an expression gives addresses, roles and groups."""
    named = strings(who.expression, dict(values)) if who.expression else []
    addresses = [*who.users, *(name.strip().lower() for name in named if "@" in name)]
    roles = [*who.roles, *(name for name in named if name in ROLES)]
    groups = [*who.groups, *(name for name in named if "@" not in name and name not in ROLES)]
    found = dict(User.objects.filter(email__in=addresses, is_active=True).order_by("email").values_list("email", "pk"))
    unknown = [address for address in addresses if address not in found]
    return Resolved(found, list(dict.fromkeys(roles)), list(dict.fromkeys(groups)), unknown)


def _roles(question: Question) -> tuple[str, ...]:
    """Return the roles of a question without a policy. Owners decide what roles are asked; a policy names them, or does not."""
    return (*(DEFAULT_ROLES if question.policy else question.roles), *([] if question.policy else [OWNER]))


def _kept(
    document: Mapping[str, Any],
    policy: Policy,
    who: Resolved,
    separated: Mapping[str, UUID],
    values: Mapping[str, Any],
) -> Json:
    """Return the policy as it is kept: with names in place of expressions, and whom separation keeps out."""
    if not document:
        return {}
    kept: Json = {**document, "who": who.as_json(), "quorum": policy.quorum}
    if separated:
        kept["separated"] = {duty: str(person) for duty, person in separated.items()}
    if policy.due and policy.due.escalate:
        steps = zip(document["due"]["escalate"], policy.due.escalate, strict=True)
        escalate = [{**step, "to": resolved(read.to, values).as_json()} for step, read in steps]
        kept["due"] = {**document["due"], "escalate": escalate}
    return kept


def _require_enough(approval: Approval, policy: Policy, who: Resolved) -> None:
    needed = policy.quorum if isinstance(policy.quorum, int) else 1
    there = len(places_of(approval))
    if there < needed:
        message = f"{needed} have to approve {approval.title!r}, but {there} may."
        raise ApproversMissing(message, details={"needed": needed, "there": there, "unknown": who.unknown})
