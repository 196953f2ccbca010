"""Whoever may decide is told once; nobody in another tenant is told."""

from __future__ import annotations

import re

import pytest
from django.core import mail as mailed
from django.test import Client
from django.utils import timezone

from collaboration.actions.deliveries import send_delivery
from collaboration.actions.notify import notify_about_approval, notify_approval, notify_run
from collaboration.models import Delivery, Notification
from tenants.accounts.models import User
from tenants.context import enter_tenant
from workflows.models import Approval, Run, Step


@pytest.fixture
def run(in_acme) -> Run:
    return Run.objects.create(
        kind="workflow", title="Briefing", definition={}, started_by=User.objects.get(email="editor@acme.test")
    )


@pytest.fixture
def approval(run: Run) -> Approval:
    step = Step.objects.create(run=run, node="approve", node_type="approval")
    return Approval.objects.create(run=run, step=step, title="Publish it?", roles=["approver", "owner"])


def test_those_who_may_decide_are_told_once(approval, globex):
    assert notify_approval(approval_id=approval.pk) == 2
    assert notify_approval(approval_id=approval.pk) == 0
    told = set(Notification.objects.values_list("user__email", flat=True))
    assert told == {"owner@acme.test", "approver@acme.test"}
    with enter_tenant(globex):
        assert not Notification.objects.exists()


def test_a_decided_approval_is_not_told(approval):
    Approval.objects.update(status="decided")
    assert notify_approval(approval_id=approval.pk) == 0


def test_the_starter_is_told_how_it_ended(run):
    assert notify_run(run_id=run.pk) == 0
    Run.objects.update(status="failed", finished_at=timezone.now())
    assert notify_run(run_id=run.pk) == 1
    assert Notification.objects.get().title == "Briefing failed"


def test_it_is_told_again_when_it_fails_again(run):
    for hour in (1, 2, 2):
        Run.objects.update(
            status="failed", finished_at=timezone.now().replace(hour=hour, minute=0, second=0, microsecond=0)
        )
        notify_run(run_id=run.pk)
    assert [one.kind for one in Notification.objects.all()] == ["run.failed"] * 2


@pytest.mark.parametrize(
    ("kind", "title", "again"),
    [("reminded", "Reminder: Publish it?", 2), ("escalated", "Escalated to you: Publish it?", 0)],
)
def test_a_reminder_goes_to_who_may_decide_once_each_time(approval, globex, kind, title, again):
    entries = [approval.entries.create(kind=kind).pk for _ in range(2)]
    assert [notify_about_approval(entry_id=pk) for pk in (entries[0], *entries)] == [2, 0, again]
    assert set(Notification.objects.values_list("title", flat=True)) == {title}
    with enter_tenant(globex):
        assert not Notification.objects.exists()


def test_what_was_handed_on_is_told_to_who_got_it(approval):
    admin = User.objects.get(email="admin@acme.test")
    Approval.objects.update(assigned_to=admin)
    notify_about_approval(entry_id=approval.entries.create(kind="reassigned", for_user=admin).pk)
    assert Notification.objects.get().user.email == "admin@acme.test"


def test_the_decision_is_told_to_who_started_the_run_unless_it_was_theirs(approval):
    Approval.objects.update(status="decided", decision="reject")
    assert notify_about_approval(entry_id=approval.entries.create(kind="reminded").pk) == 0
    decided = approval.entries.create(kind="decided").pk
    assert [notify_about_approval(entry_id=decided) for _ in range(2)] == [1, 0]
    assert Notification.objects.get().title == "Publish it?: reject"
    Approval.objects.update(decided_by=User.objects.get(email="editor@acme.test"))
    assert notify_about_approval(entry_id=approval.entries.create(kind="decided").pk) == 0


def test_the_mail_of_an_approval_carries_a_link_that_opens_for_its_reader(approval):
    notify_approval(approval_id=approval.pk)
    delivery = Delivery.objects.get(user__email="approver@acme.test")
    assert send_delivery(delivery_id=delivery.pk).is_taken
    [letter] = mailed.outbox
    [link] = re.findall(r"https?://acme.test\S*(/decide/\S+)", letter.body)
    assert Client(headers={"host": "acme.test"}).get(link).status_code == 200
    assert approval.entries.filter(kind="link_sent", for_user__email="approver@acme.test").count() == 1
    assert link not in str(Delivery.objects.values_list("payload", "log"))


def test_no_mail_asks_for_what_was_decided_meanwhile(approval):
    notify_approval(approval_id=approval.pk)
    Approval.objects.update(status="decided", decision="approve")
    for delivery in Delivery.objects.all():
        assert send_delivery(delivery_id=delivery.pk) is None
    assert mailed.outbox == []
    assert set(Delivery.objects.values_list("status", flat=True)) == {"dropped"}
