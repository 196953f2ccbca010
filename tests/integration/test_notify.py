"""Whoever may decide is told once; nobody in another tenant is told."""

from __future__ import annotations

import pytest
from django.utils import timezone

from collaboration.actions.notify import notify_approval, notify_run
from collaboration.models import Notification
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
    return Approval.objects.create(run=run, step=step, title="Publish it?", roles=["approver"])


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
