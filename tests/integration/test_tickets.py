"""The run queue's sweeper: it wakes what nobody looks after, once, and leaves alone what somebody does."""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, connections
from django_redis import get_redis_connection
from kombu.exceptions import OperationalError

from nexod.kernel.queue import ADVANCE
from tenants import doors
from tenants.actions import tickets
from tenants.actions.lifecycle import set_status
from tenants.context import enter_platform, enter_schema_as_owner, release_connections
from tenants.models import RunTicket
from tenants.schema import OWNER
from tenants.sweeper import Sweeper
from tests.workbench import Bench, ask, definition, output, text
from workflows.models import Run

LEASE_S = 30


@pytest.fixture
def queue(bench: Bench) -> Queue:
    return Queue(bench)


class Queue:
    """Tickets of both tenants, what time does to them, and the messages that were sent for them."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.redis = get_redis_connection("default")

    def open(self, slug: str = "acme", *, delay_s: float = 0) -> UUID:
        run = uuid4()
        with self.bench.inside(slug):
            doors.open_ticket(run, "runs", delay_s=delay_s)
        return run

    def claim(self, run: UUID, slug: str = "acme", *, lease_s: float = LEASE_S) -> int | None:
        with self.bench.inside(slug):
            return doors.claim_ticket(run, "test", lease_s)

    def passes(self, seconds: float) -> None:
        """Let that much time go by in the queue; a negative number is a clock that was set back."""
        moved = ", ".join(f"{name} = {name} - make_interval(secs => %(s)s)" for name in TIMES)
        with enter_platform(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE tenants_runticket SET {moved}", {"s": seconds})

    def sweep(self) -> list[str]:
        """Return the runs that a sweep woke."""
        with enter_platform():
            return [due.run for due in tickets.sweep()]

    def sent(self) -> list[tuple[str, str]]:
        """Take the messages out of the broker: (schema, run)."""
        found = self.redis.lrange("nexod.celery.runs", 0, -1)
        self.redis.delete("nexod.celery.runs")
        messages = [json.loads(text) for text in found]
        assert all(message["headers"]["task"] == ADVANCE for message in messages)
        return [(message["headers"]["nexod_tenant"], _run_of(message)) for message in messages]


TIMES = ("wake_at", "not_before", "lease_until")


def _run_of(message: Any) -> str:
    _, kwargs, _ = json.loads(base64.b64decode(message["body"]))
    return str(kwargs["run"])


def test_a_ticket_whose_message_was_lost_is_sent_again_and_ever_more_rarely(queue: Queue) -> None:
    run = queue.open()
    assert queue.sweep() == []
    pauses = []
    for _ in range(4):
        pause = 0
        while not queue.sweep():
            queue.passes(1)
            pause += 1
        pauses.append(pause)
    assert pauses == [5, 5, 10, 20]
    assert [found for _, found in queue.sent()] == [str(run)] * 4


def test_backlog_is_not_doubled_for_ever(queue: Queue) -> None:
    """A ticket that waits two hours for a busy worker costs a dozen messages and some more, not a thousand."""
    queue.open()
    for _ in range(240):
        queue.passes(30)
        queue.sweep()
    assert 8 <= len(queue.sent()) <= 20


def beaten(queue: Queue, sweeper: Sweeper, seconds: int, *, lost: bool, run: UUID) -> list[int]:
    """Beat once a second; return the seconds at which the run was sent. The messages are ``lost``, or wait for a worker."""
    sent_at = []
    for second in range(seconds):
        queue.passes(1)
        sent_at += [second] * [due.run for due in sweeper.beat()].count(str(run))
        if lost:
            queue.sent()
    return sent_at


def test_however_many_messages_are_lost_the_next_comes_within_seconds(queue: Queue) -> None:
    """Lost with the broker, or with workers that took them and died: the queue is empty, and the ticket is still there."""
    sent_at = beaten(queue, Sweeper(), 600, lost=True, run=queue.open())
    assert max(later - earlier for earlier, later in pairwise(sent_at)) <= 11
    assert len(sent_at) >= 55


@pytest.mark.parametrize("state", ["ready", "claimed"])
def test_a_message_that_waits_for_busy_workers_is_sent_ever_more_rarely(queue: Queue, state: str) -> None:
    run = queue.open()
    if state == "claimed":
        queue.claim(run, lease_s=1)
    sent_at = beaten(queue, Sweeper(), 600, lost=False, run=run)
    assert 6 <= len(sent_at) <= 11


def test_a_suspended_tenants_ticket_is_not_hastened(queue: Queue) -> None:
    sweeper, run = Sweeper(), queue.open()
    with suspended(queue.bench, "acme"):
        beaten(queue, sweeper, 200, lost=True, run=run)
        assert 3 <= queue.bench.ticket(run).wakes <= 5


def test_a_run_whose_worker_is_gone_is_sent_when_its_lease_has_run_out(queue: Queue) -> None:
    run = queue.open()
    assert queue.claim(run) == 1
    queue.passes(LEASE_S - 1)
    assert queue.sweep() == []
    queue.passes(2)
    assert queue.sweep() == [str(run)]
    queue.passes(1)
    assert queue.sweep() == [str(run)]
    assert queue.claim(run) == 2


def test_a_heartbeat_keeps_the_sweeper_away(queue: Queue) -> None:
    run = queue.open()
    token = queue.claim(run)
    for _ in range(10):
        queue.passes(LEASE_S / 3)
        with queue.bench.inside():
            assert doors.keep_ticket(run, token or 0, LEASE_S)
        assert queue.sweep() == []
        assert queue.claim(run) is None


def test_a_ticket_that_is_made_anew_goes_on_above_what_its_run_has_seen(queue: Queue) -> None:
    """Staff deleted it, or it was restored from a backup that is older than the run."""
    run = queue.bench.ran(definition([ask("ok"), output()])).id
    for _ in range(3):
        queue.bench.advance(run)
    assert queue.bench.run(run).fence == 1
    with enter_schema_as_owner("public"):
        RunTicket.objects.using(OWNER).filter(run=run).update(token=41)
    queue.bench.decide(run, "approve")
    assert queue.bench.advance(run).fence == 42
    again = queue.bench.ran(definition([ask("ok"), output()])).id
    with queue.bench.inside():
        Run.objects.filter(pk=again).update(fence=7)
    with enter_schema_as_owner("public"):
        RunTicket.objects.using(OWNER).filter(run=again).delete()
    queue.bench.decide(again, "approve")
    found = queue.bench.advance(again)
    assert (found.status, found.fence, queue.bench.ticket(again).token) == ("completed", 8, 8)


def test_an_urgent_ticket_is_sent_first_and_stays_urgent(queue: Queue) -> None:
    waiting = [queue.bench.start(definition([text("a"), output()])) for _ in range(2)]
    urgent = queue.bench.start(definition([ask("a"), output()]), urgent=True)
    queue.passes(6)
    first, *others = queue.sweep()
    assert (first, sorted(others)) == (str(urgent), sorted(map(str, waiting)))
    assert queue.bench.advance(urgent).status == "waiting"
    queue.bench.decide(urgent, "approve")
    assert (queue.bench.ticket(urgent).queue, queue.bench.ticket(urgent).priority) == ("high", 1)


@pytest.mark.parametrize("state", ["parked", "done", "dead"])
def test_what_waits_for_no_worker_is_never_sent(queue: Queue, state: str) -> None:
    run = queue.open()
    token = queue.claim(run) or 0
    with queue.bench.inside():
        doors.call("bury_ticket", run, token, "workers_lost") if state == "dead" else doors.leave_ticket(
            run, token, state
        )
    queue.passes(100_000)
    assert queue.sweep() == []
    with queue.bench.inside():
        assert doors.open_ticket(run, "runs") == "ready"
    queue.passes(6)
    assert queue.sweep() == [str(run)]


def test_a_delayed_ticket_is_sent_at_its_time_without_a_message_before(queue: Queue) -> None:
    run = queue.open(delay_s=100)
    queue.passes(99)
    assert (queue.sweep(), queue.claim(run)) == ([], None)
    queue.passes(1)
    assert queue.sweep() == [str(run)]
    assert queue.claim(run) == 1


def test_of_two_times_the_earlier_counts(queue: Queue) -> None:
    late_then_now, now_then_late = queue.open(delay_s=100), queue.open()
    with queue.bench.inside():
        doors.open_ticket(late_then_now, "runs")
        doors.open_ticket(now_then_late, "runs", delay_s=100)
    assert (queue.claim(late_then_now), queue.claim(now_then_late)) == (1, 1)


def test_a_run_that_is_woken_for_later_while_at_work_is_ready_then(queue: Queue) -> None:
    run = queue.open()
    token = queue.claim(run) or 0
    with queue.bench.inside():
        assert doors.open_ticket(run, "runs", delay_s=100) == "claimed"
        assert doors.leave_ticket(run, token, "parked")
    assert (queue.sweep(), queue.claim(run)) == ([], None)
    queue.passes(101)
    assert queue.sweep() == [str(run)]


def test_a_run_that_is_handed_back_is_anybodys_at_once(queue: Queue) -> None:
    run = queue.open()
    token = queue.claim(run) or 0
    with queue.bench.inside():
        assert doors.leave_ticket(run, token, "ready")
        assert not doors.leave_ticket(run, token, "ready")
    assert queue.claim(run) == 2


def test_each_message_names_its_tenant(queue: Queue) -> None:
    runs = {slug: queue.open(slug) for slug in ("acme", "globex")}
    queue.passes(6)
    queue.sweep()
    assert set(queue.sent()) == {(queue.bench.tenant(slug).schema_name, str(run)) for slug, run in runs.items()}


def test_a_suspended_tenants_tickets_are_looked_at_rarely_and_sent_when_it_may_work_again(queue: Queue) -> None:
    run, other = queue.open("acme"), queue.open("globex")
    with suspended(queue.bench, "acme"):
        queue.passes(6)
        assert queue.sweep() == [str(other)]
        for _ in range(10):
            queue.passes(3)
            assert str(run) not in queue.sweep()
        assert queue.bench.ticket(run).wakes == 1
    assert queue.sweep() == [str(run)]


@contextmanager
def suspended(bench: Bench, slug: str) -> Iterator[None]:
    with enter_platform():
        set_status(tenant=bench.tenant(slug), status="suspended")
    try:
        yield
    finally:
        with enter_platform():
            set_status(tenant=bench.tenant(slug), status="active")


def test_who_was_active_a_moment_ago_is_refused_by_the_door(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker remembers for two seconds what it read of a tenant; whether it may claim is asked each time."""
    from tenants.context import TenantSuspended
    from tenants.entry import celery as entry
    from workflows.tasks import advance_run

    bench = queue.bench
    first, second = (bench.start(definition([text("a"), output()])) for _ in range(2))
    headers = {"nexod_tenant": bench.tenant("acme").schema_name}
    asked: list[str] = []
    tenant_of = entry.tenant_of
    monkeypatch.setattr(entry, "tenant_of", lambda schema: asked.append(schema) or tenant_of(schema))
    entry._tenants.clear()
    advance_run.apply(kwargs={"run": str(first)}, headers=headers, throw=True)
    with suspended(bench, "acme"), pytest.raises(TenantSuspended):
        advance_run.apply(kwargs={"run": str(second)}, headers=headers, throw=True)
    assert (bench.run(first).status, bench.run(second).status) == ("completed", "pending")
    assert bench.ticket(second).attempt == 0
    assert len(asked) == 2, "once for the first, and once more for the reason"


def test_many_sweepers_send_each_ticket_once(queue: Queue) -> None:
    runs = [queue.open() for _ in range(300)]
    queue.passes(6)
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        try:
            Sweeper().beat()
        finally:
            release_connections()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(run for _, run in queue.sent()) == Counter(map(str, runs))


def test_one_beat_wakes_more_than_a_batch(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "BATCH", 10)
    monkeypatch.setattr("tenants.sweeper.BATCH", 10)
    runs = {str(queue.open()) for _ in range(25)}
    queue.passes(6)
    assert {due.run for due in Sweeper().beat()} == runs


def test_what_could_not_be_sent_is_due_again_at_once(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = {str(queue.open()) for _ in range(3)}
    queue.passes(6)
    sent: list[str] = []

    def send(name: str, *, run: str, **kwargs: Any) -> None:
        if sent:
            raise OperationalError("the broker is away")
        sent.append(run)

    with monkeypatch.context() as patch:
        patch.setattr(tickets, "send", send)
        with pytest.raises(OperationalError):
            queue.sweep()
    assert set(queue.sweep()) == runs - set(sent)


def test_a_clock_that_was_set_back_strands_nothing(queue: Queue) -> None:
    lost_message, lost_worker, timer = queue.open(), queue.open(), queue.open(delay_s=100)
    queue.claim(lost_worker)
    queue.passes(-7200)
    assert {due.run for due in Sweeper().beat()} == {str(lost_message), str(lost_worker)}
    assert (queue.claim(lost_message), queue.claim(lost_worker), queue.claim(timer)) == (1, 2, None)


def test_a_clock_that_was_set_forward_lets_another_worker_take_over_and_fences_the_first(queue: Queue) -> None:
    run = queue.open()
    first = queue.claim(run) or 0
    queue.passes(7200)
    assert queue.claim(run) == first + 1
    with queue.bench.inside():
        assert not doors.keep_ticket(run, first, LEASE_S)
        assert not doors.leave_ticket(run, first, "done")
    assert queue.bench.ticket(run).state == "claimed"


def test_a_tenant_parks_and_buries_nobody_elses_run(queue: Queue) -> None:
    ready, claimed = queue.open("acme"), queue.open("acme")
    token = queue.claim(claimed, "acme") or 0
    with queue.bench.inside("globex"):
        doors.park_ticket(ready)
        assert not doors.call("bury_ticket", claimed, token, "workers_lost")
        assert not doors.leave_ticket(claimed, token, "ready")
    assert [queue.bench.ticket(run).state for run in (ready, claimed)] == ["ready", "claimed"]


def test_a_dead_tickets_reason_is_a_code_and_no_content(queue: Queue) -> None:
    run = queue.open()
    with queue.bench.inside():
        doors.call("bury_ticket", run, queue.claim(run) or 0, "Dear customer 4711, " * 10)
    assert len(queue.bench.ticket(run).reason) <= 40
    assert not set(queue.bench.ticket(run).reason) - set("abcdefghijklmnopqrstuvwxyz_")


def test_an_idle_sweep_reads_no_more_than_the_index_of_what_is_due(queue: Queue) -> None:
    tenant = queue.bench.tenant("acme")
    with enter_platform():
        RunTicket.objects.bulk_create(
            RunTicket(tenant=tenant, run=uuid4(), queue="runs", state="done") for _ in range(5_000)
        )
    with enter_schema_as_owner("public"), connections[OWNER].cursor() as cursor:
        cursor.execute("ANALYZE tenants_runticket")
    with enter_platform(), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {tickets.SWEEP}", {"batch": 200, **tickets.TIMES})
        assert "ticket_wake" in json.dumps(cursor.fetchone()[0])
