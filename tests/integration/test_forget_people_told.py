"""Notifications and the records of approvals are kept as long as the settings say; what is still asked keeps its record."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.utils import timezone

from collaboration.models import Notification
from nexod.kernel.identifiers import first_id, new_id
from tenants import forgetting
from tenants.accounts.models import User
from tenants.context import enter_tenant
from tests import cast
from tests.workbench import Bench, ask, definition, output
from workflows.models import Approval, ApprovalEntry


def aged(days: float) -> UUID:
    return first_id(timezone.now() - timedelta(days=days) + timedelta(milliseconds=new_id().int % 1000))


def told(tenant: Any, *ages: float) -> None:
    with enter_tenant(tenant):
        user = User.objects.get(email=cast.email(tenant.slug, "viewer"))
        for age in ages:
            Notification.objects.create(pk=aged(age), user=user, kind="mention", title="t", key=str(age))


def kept(tenant: Any) -> set[str]:
    with enter_tenant(tenant):
        return set(Notification.objects.values_list("key", flat=True))


def test_notifications_are_forgotten_in_every_tenant_in_batches(
    acme: Any, globex: Any, settings: Any, monkeypatch: Any
):
    settings.NEXOD_NOTIFICATION_DAYS = 180
    monkeypatch.setattr(forgetting, "BATCH", 2)
    told(acme, 1, 179, 181, 182, 183, 500)
    told(globex, 2, 400)
    said = StringIO()
    call_command("forget_notifications", stdout=said)
    assert "acme: 4 notifications" in said.getvalue()
    assert (kept(acme), kept(globex)) == ({"1", "179"}, {"2"})


def test_what_younger_ones_are_folded_into_stays(acme: Any):
    told(acme, 300, 310)
    with enter_tenant(acme):
        old = Notification.objects.get(key="300")
        Notification.objects.create(user=old.user, kind="mention", title="t", key="young", folded_into=old)
    call_command("forget_notifications", days=180, stdout=StringIO())
    assert kept(acme) == {"300", "young"}


@pytest.fixture
def asked(bench: Bench) -> dict[str, Any]:
    """Return the approvals of three runs: long over, over since yesterday though asked long ago, and still asked."""
    found = {}
    for name in ("old", "late", "open"):
        run = bench.ran(definition([ask("ok"), output()]))
        if name != "open":
            bench.decide(run.id, "approve")
        with bench.inside():
            row = Approval.objects.get(run=run.id)
            days = {"old": 1_500, "late": 1, "open": 1_500}[name]
            Approval.objects.filter(pk=row.pk).update(updated_at=timezone.now() - timedelta(days=days))
            found[name] = row.pk
    return found


def test_records_of_what_is_long_over_are_forgotten_and_decisions_stay(bench: Bench, asked: Any, monkeypatch: Any):
    monkeypatch.setattr(forgetting, "BATCH", 1)
    monkeypatch.setattr("workflows.actions.pruning.first_id", lambda moment: new_id())
    call_command("forget_approval_records", days=1_095, stdout=StringIO())
    with bench.inside():
        left = {name: ApprovalEntry.objects.filter(approval=pk).count() for name, pk in asked.items()}
        assert (left["old"], left["late"] > 0, left["open"] > 0) == (0, True, True)
        assert Approval.objects.get(pk=asked["old"]).decision == "approve"


def test_young_records_are_found_by_their_ids(bench: Bench, asked: Any):
    """They were asked today, whatever their rows say."""
    call_command("forget_approval_records", days=1_095, stdout=StringIO())
    with bench.inside():
        assert ApprovalEntry.objects.filter(approval=asked["old"]).exists()
