"""What was sent and what fired is kept as long as the settings say; what is still under way is kept in any case."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from collaboration.models import Delivery, WebhookEndpoint
from nexod.kernel.identifiers import first_id, new_id
from tenants import forgetting
from tenants.context import enter_tenant
from tests.triggers import made
from tests.workbench import Bench, definition, output, text
from workflows.models import Firing, Run

CHAIN = definition([text("a"), output()])


def aged(days: float) -> Any:
    """Return an id as it was made then, which differs from every other."""
    return first_id(timezone.now() - timedelta(days=days) + timedelta(milliseconds=new_id().int % 1000))


def deliveries(tenant: Any, ages: dict[float, str], *, touched: float | None = None) -> None:
    with enter_tenant(tenant):
        endpoint = WebhookEndpoint.objects.create(name="Ours", url="https://x.test", events=["run.failed"])
        for age, status in ages.items():
            row = Delivery.objects.create(
                pk=aged(age), endpoint=endpoint, event="run.failed", key=str(age), payload={}, status=status
            )
            then = timezone.now() - timedelta(days=age if touched is None else touched)
            Delivery.objects.filter(pk=row.pk).update(created_at=then, updated_at=then)


def kept(tenant: Any) -> set[str]:
    with enter_tenant(tenant):
        return set(Delivery.objects.values_list("key", flat=True))


def test_deliveries_that_are_over_are_forgotten_in_every_tenant(
    acme: Any, globex: Any, settings: Any, monkeypatch: Any
) -> None:
    settings.NEXOD_DELIVERY_DAYS = 90
    monkeypatch.setattr(forgetting, "BATCH", 2)
    deliveries(acme, {1: "delivered", 89: "failed", 91: "delivered", 92: "failed", 93: "dropped", 200: "pending"})
    deliveries(globex, {2: "delivered", 400: "failed"})
    said = StringIO()
    call_command("forget_deliveries", stdout=said)
    assert "acme: 3 deliveries" in said.getvalue()
    assert (kept(acme), kept(globex)) == ({"1", "89", "200"}, {"2"})


def test_a_delivery_that_was_sent_again_since_is_kept(acme: Any) -> None:
    deliveries(acme, {300: "delivered"}, touched=1)
    call_command("forget_deliveries", days=90, stdout=StringIO())
    assert kept(acme) == {"300"}


@pytest.fixture
def fired(bench: Bench) -> Any:
    """Return the trigger, and its firings by their age."""
    workflow = bench.workflow(CHAIN)
    trigger, _ = made(bench, workflow, "webhook")
    run = bench.start(CHAIN)
    with bench.inside():
        for age, outcome in ((1, "started"), (89, "refused"), (91, "started"), (300, "skipped"), (301, "pending")):
            run_ = run if outcome == "started" else None
            Firing.objects.create(
                pk=aged(age), trigger=trigger, source="webhook", key=str(age), outcome=outcome, run_id=run_
            )
    return trigger


def test_firings_that_are_over_are_forgotten_and_their_runs_stay(bench: Bench, fired: Any, settings: Any) -> None:
    settings.NEXOD_FIRING_DAYS = 90
    call_command("forget_firings", stdout=StringIO())
    with bench.inside():
        assert set(Firing.objects.values_list("key", flat=True)) == {"1", "89", "301"}
        assert Run.objects.count() == 1


def test_ids_of_a_time_come_before_those_made_since() -> None:
    now = timezone.now()
    assert first_id(now) <= first_id(now + timedelta(milliseconds=1)) < new_id() or first_id(now) < new_id()
    assert first_id(now - timedelta(seconds=1)) < first_id(now)
