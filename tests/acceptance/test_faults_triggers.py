"""Workers killed with -9 while schedules fire and webhooks are sent: each due time starts one run, each event is delivered."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from collaboration.actions.endpoints import create_endpoint
from collaboration.models import Delivery
from tenants import due_times
from tenants.models import DueTime
from tests.faults import Start, World, figure, start, until, world
from tests.sink import Answer
from tests.triggers import made, make_due
from tests.workbench import Bench, definition, output, text
from workflows.models import Firing, Run, Trigger

__all__ = ["start", "world"]

CHAIN = definition([text("a"), output()])
HOURLY = {"cron": "0 * * * *", "zone": "Europe/Berlin"}
SCHEDULES = 60


def fired(bench: Bench) -> int:
    with bench.inside():
        return Firing.objects.filter(outcome="started").count()


def test_each_due_time_starts_one_run_although_workers_are_killed_between_claim_and_start(
    bench: Bench, start: Start
) -> None:
    workflow = bench.workflow(CHAIN)
    due = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    triggers = [made(bench, workflow, "schedule", config=HOURLY)[0] for _ in range(SCHEDULES)]
    for trigger in triggers:
        make_due(bench, trigger, due)
    killed, counts = 0, []
    for share in (1, 20, 40):
        pair = [start(lease_s=2, threads=1), start(lease_s=2, threads=1)]
        until(lambda share=share: fired(bench) >= min(share, SCHEDULES - 1), f"{share} have fired", seconds=60)
        counts.append(fired(bench))
        killed += len([worker.kill() for worker in pair])
    start(lease_s=2)
    began = time.monotonic()
    until(lambda: fired(bench) == SCHEDULES, "all have fired", seconds=60)
    time.sleep(1)
    with bench.inside():
        per_trigger = Counter(Firing.objects.filter(due=due).values_list("trigger", flat=True))
        assert per_trigger == {trigger.pk: 1 for trigger in triggers}
        assert Counter(Run.objects.values_list("firings__trigger", flat=True)) == per_trigger
        assert Firing.objects.count() == Run.objects.count() == SCHEDULES
        assert not Trigger.objects.filter(next_due__lte=due).exists()
    figure(
        "schedules",
        due=SCHEDULES,
        killed=killed,
        runs=SCHEDULES,
        twice=0,
        fired_at_kills=counts,
        rest_s=time.monotonic() - began,
    )


def test_a_worker_killed_in_the_middle_of_sending_delivers_again_with_the_same_id(
    bench: Bench, world: World, start: Start, settings: Any
) -> None:
    settings.NEXOD_EGRESS_ALLOW = [world.sink.address]
    with bench.inside():
        create_endpoint(actor=bench.user(), name="E", url=world.sink.url("/trig"), events=["run.completed"])
    world.sink.answer(Answer(hang_s=30))
    first = start(lease_s=2)
    bench.start(CHAIN)
    until(lambda: world.sink.count("/trig") == 1, "it is being sent")
    first.kill()
    with bench.inside():
        delivery = Delivery.objects.get()
        assert (delivery.status, delivery.attempts, delivery.log) == ("pending", 1, [])
        # The lease of a minute, gone by.
        Delivery.objects.update(sending_until=datetime.now(UTC) - timedelta(seconds=1))
        due_times.set_due(DueTime.Kind.DELIVERY, delivery.pk, due_times.database_now())
    start(lease_s=2)
    until(lambda: world.sink.count("/trig") == 2, "it is sent again")
    until(lambda: status_of_delivery(bench) == "delivered", "it is taken")
    ids = [seen.headers["webhook-id"] for seen in world.sink.requests if seen.path == "/trig"]
    assert ids == [f"msg_{delivery.pk}"] * 2
    with bench.inside("globex"):
        assert not Delivery.objects.exists()


def status_of_delivery(bench: Bench) -> str:
    with bench.inside():
        return str(Delivery.objects.get().status)
