"""People who decide approvals, in both organisations: four more approvers, groups of them, and who is away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from nexod.kernel.errors import NexodError
from tenants.accounts.models import User
from tests import cast
from tests.probe import probe
from tests.workbench import Bench, Json, ask, definition, output

NAMES = ("ann", "ben", "cal", "dan")


class Panel:
    """Ann, Ben, Cal and Dan are approvers of each organisation, and so is its own approver."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.groups: list[str] = []

    @staticmethod
    def email(name: str, slug: str = "acme") -> str:
        return f"{name}@{slug}.test"

    def user(self, name: str, slug: str = "acme") -> User:
        """Return Ann, Ben, ..., or the person of the cast with that role."""
        with self.bench.inside(slug):
            return User.objects.get(email=self.email(name, slug))

    def group(self, name: str, *members: str, slug: str = "acme") -> str:
        """Make a group of the tenant's with these members, and return its name."""
        with self.bench.inside(slug):
            Group.objects.get_or_create(name=name)[0].user_set.set([self.user(one, slug) for one in members])
        self.groups.append(name)
        return name

    def away(self, name: str, stand_in: str, slug: str = "acme") -> Any:
        """Let somebody be away, with a stand-in, from an hour ago until tomorrow."""
        from workflows.actions.absences import set_absence

        user, other, now = self.user(name, slug), self.user(stand_in, slug), timezone.now()
        with self.bench.inside(slug):
            return set_absence(
                actor=user, stand_in=other, from_at=now - timedelta(hours=1), until_at=now + timedelta(days=1)
            )

    def asked(self, run: UUID, slug: str = "acme") -> Any:
        """Return the run's newest approval as it is now."""
        from workflows.models import Approval

        with self.bench.inside(slug):
            rows = Approval.objects.select_related("run", "step", "decided_by", "assigned_to", "claimed_by")
            return rows.filter(run=run).order_by("-created_at")[0]

    def decide(self, run: UUID, name: str, decision: str = "approve", slug: str = "acme", **said: str) -> Any:
        """Have somebody vote on the run's newest approval."""
        from workflows.actions.approvals import decide_approval

        with self.bench.inside(slug):
            actor = self.user(name, slug)
            return decide_approval(actor=actor, approval=self.asked(run, slug), decision=decision, **said)

    def refused(self, run: UUID, name: str, decision: str = "approve", slug: str = "acme", **said: str) -> str:
        """Return the code that somebody's vote is refused with; "" when it is taken."""
        try:
            self.decide(run, name, decision, slug, **said)
        except NexodError as error:
            return error.code
        return ""

    def entries(self, run: UUID, slug: str = "acme") -> list[tuple[str, str, str]]:
        """Return kind, by and for whom of everything in the record of the run."""
        from workflows.models import ApprovalEntry

        with self.bench.inside(slug):
            rows = ApprovalEntry.objects.filter(approval__run=run).order_by("id")
            return [(row.kind, row.by_email.split("@")[0], row.for_email.split("@")[0]) for row in rows]

    def clear(self) -> None:
        from workflows.models import Absence, Run

        for slug in cast.SLUGS:
            with self.bench.inside(slug), transaction.atomic():
                Run.objects.all().delete()
                Absence.objects.all().delete()
                Group.objects.filter(name__in=self.groups).delete()
                User.objects.filter(email__in=[self.email(name, slug) for name in NAMES]).delete()


@pytest.fixture
def panel(bench: Bench) -> Iterator[Panel]:
    """Bring everybody in, and show them out again."""
    made = Panel(bench)
    for slug in cast.SLUGS:
        with bench.inside(slug):
            for name in NAMES:
                user = User.objects.create_user(Panel.email(name, slug), full_name=name.title())
                user.groups.set([Group.objects.get(name="approver")])
    yield made
    made.clear()


def asks(policy: Json, *more: Any, **config: Any) -> Json:
    """Return a workflow that asks by the policy, and then does something outside, if ``probes['works']`` does."""
    return definition([ask("ok", policy=policy, **config), *(more or (probe("after", "works"), output()))])


def users(*names: str, slug: str = "acme", **policy: Any) -> Json:
    """Return a policy that names these people."""
    return {"who": {"users": [Panel.email(name, slug) for name in names]}, **policy}
