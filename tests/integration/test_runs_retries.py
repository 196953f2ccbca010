"""A step that fails is tried again by its policy, without holding a worker, and without forgetting how often it failed."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from nexod.kernel.errors import InvalidInput, RateLimited, Unavailable
from tests.probe import probe
from tests.workbench import Bench, ask, definition, output, text

Probes = dict[str, Callable[[Any], Any]]
LATER = {"attempts": 3, "backoff_s": 60.0, "jitter": "none"}


def failing(times: int, calls: list[int], error: Exception | None = None) -> Callable[[Any], str]:
    def work(call: Any) -> str:
        calls.append(call.visit)
        if len(calls) <= times:
            raise error or Unavailable("not yet")
        return "ok"

    return work


def flaky(**retry: Any) -> Any:
    return definition([text("a"), probe("b", "works", more={"retry": retry}), output(said="{{ nodes.b.gave }}")])


def time_passes(bench: Bench, run: UUID) -> None:
    """Let the wait of the run's steps and of its ticket be over."""
    from tenants.context import enter_schema_as_owner
    from tenants.models import RunTicket
    from tenants.schema import OWNER
    from workflows.models import Step

    with bench.inside():
        for step in Step.objects.filter(run=run, retry_at__isnull=False):
            Step.objects.filter(pk=step.pk).update(retry_at=step.retry_at - timedelta(days=2))
    with enter_schema_as_owner("public"):
        ticket = RunTicket.objects.using(OWNER).filter(run=run)
        ticket.update(not_before=ticket.get().not_before - timedelta(days=2))


def test_a_long_wait_parks_the_run_until_its_time(bench: Bench, probes: Probes) -> None:
    calls: list[int] = []
    probes["works"] = failing(1, calls)
    run = bench.ran(flaky(**LATER))
    assert (run.status, run.waiting_for, len(calls)) == ("waiting", "timer", 1)
    ticket = bench.ticket(run.id)
    [step] = [step for step in bench.steps(run.id) if step.node == "b"]
    assert ticket.state == "ready"
    assert abs((ticket.not_before - step.retry_at).total_seconds()) < 5
    assert (step.status, step.attempt, step.failures, step.error["code"]) == ("waiting", 2, 1, "unavailable")
    assert bench.types(run.id)[-2:] == ["step.retried", "run.waiting"]
    assert bench.advance(run.id).status == "waiting"
    time_passes(bench, run.id)
    again = bench.advance(run.id)
    assert (again.status, again.outputs, len(calls)) == ("completed", {"said": "ok"}, 2)
    [step] = [step for step in bench.steps(run.id) if step.node == "b"]
    assert (step.status, step.attempt, step.retry_at, step.error) == ("completed", 2, None, None)


def test_a_short_wait_stays_with_the_worker(bench: Bench, probes: Probes) -> None:
    calls: list[int] = []
    probes["works"] = failing(2, calls)
    began = time.monotonic()
    run = bench.ran(flaky(attempts=3, backoff_s=0.2, factor=2.0, jitter="none"))
    assert (run.status, len(calls)) == ("completed", 3)
    assert 0.6 < time.monotonic() - began < 5
    delays = [event.data["delay_s"] for event in bench.events(run.id) if event.type == "step.retried"]
    assert delays == [0.2, 0.4]


def test_a_worker_that_dies_in_the_wait_takes_no_attempt_with_it(bench: Bench, probes: Probes) -> None:
    """What it leaves: a row that says running, and how often the step has failed."""
    from workflows.models import Run, Step

    calls: list[int] = []
    probes["works"] = failing(9, calls)
    run = bench.ran(flaky(**LATER))
    for _ in range(2):
        with bench.inside():
            Step.objects.filter(run=run.id, node="b").update(status="running", retry_at=None)
            Run.objects.filter(pk=run.id).update(status="running")
        time_passes(bench, run.id)
        run = bench.advance(run.id)
    [step] = [step for step in bench.steps(run.id) if step.node == "b"]
    assert (run.status, len(calls), step.failures) == ("failed", 3, 3)
    assert run.error["attempts"] == step.attempt


def test_retry_after_is_honoured(bench: Bench, probes: Probes) -> None:
    calls: list[int] = []
    probes["works"] = failing(1, calls, RateLimited(details={"retry_after_s": 3_000}))
    run = bench.ran(flaky(attempts=2, backoff_s=0.01))
    [told] = [event for event in bench.events(run.id) if event.type == "step.retried"]
    assert (run.waiting_for, told.data["delay_s"]) == ("timer", 3_000)
    assert (bench.ticket(run.id).not_before - told.at).total_seconds() > 2_900


def test_only_the_errors_of_the_list_are_tried_again(bench: Bench, probes: Probes) -> None:
    calls: list[int] = []
    probes["works"] = failing(1, calls, InvalidInput("odd"))
    assert bench.ran(flaky(attempts=2, backoff_s=0.0, on=["invalid"])).status == "completed"
    calls.clear()
    assert bench.ran(flaky(attempts=2, backoff_s=0.0, on=["timeout"])).error["code"] == "invalid"
    assert len(calls) == 1


def test_a_step_over_its_time_is_tried_again_where_the_policy_says_so(bench: Bench, probes: Probes) -> None:
    calls: list[int] = []

    def slow_once(call: Any) -> str:
        calls.append(1)
        time.sleep(2 if len(calls) == 1 else 0)
        return "ok"

    probes["works"] = slow_once
    node = probe("b", "works", more={"timeout_s": 0.3, "retry": {"attempts": 2, "backoff_s": 0, "on": ["timeout"]}})
    run = bench.ran(definition([node, output(said="{{ nodes.b.gave }}")]))
    assert (run.status, len(calls)) == ("completed", 2)


def test_the_time_limit_of_a_run_does_not_count_its_waits(bench: Bench, probes: Probes) -> None:
    """Neither for a timer nor for a person, and not after going on; what it works is counted together."""
    calls: list[int] = []

    def works(call: Any) -> str:
        calls.append(1)
        time.sleep(0.6)
        if len(calls) == 1:
            raise Unavailable
        return "ok"

    probes["works"] = works
    nodes = [ask("ok"), probe("b", "works", more={"retry": LATER}), output()]
    run = bench.ran(definition(nodes, limits={"timeout_s": 1.0}))
    time.sleep(1.2)
    bench.decide(run.id, "approve")
    run = bench.advance(run.id)
    assert (run.status, run.waiting_for) == ("waiting", "timer")
    assert 0.5 < run.seconds < 1
    time_passes(bench, run.id)
    run = bench.advance(run.id)
    assert (run.status, run.error["code"]) == ("failed", "run_timed_out")


def test_a_wait_for_its_time_and_a_wait_for_a_person_end_each_for_itself(bench: Bench, probes: Probes) -> None:
    calls: list[int] = []
    probes["works"] = failing(1, calls)
    nodes = [text("a"), ask("ok"), probe("b", "works", more={"retry": LATER}), output()]
    run = bench.ran(definition(nodes, ["a ok", "a b", "ok end", "b end"]))
    assert (run.status, run.waiting_for) == ("waiting", "approval")
    assert bench.ticket(run.id).state == "ready"
    bench.decide(run.id, "approve")
    run = bench.advance(run.id)
    assert (run.status, run.waiting_for, len(calls)) == ("waiting", "timer", 1)
    time_passes(bench, run.id)
    assert bench.advance(run.id).status == "completed"


def test_a_run_that_waits_for_its_time_can_be_cancelled_or_told_to_try_now(bench: Bench, probes: Probes) -> None:
    from workflows.actions.runs import cancel_run, resume_run
    from workflows.models import Run

    calls: list[int] = []
    probes["works"] = failing(1, calls)
    run = bench.ran(flaky(**LATER))
    with bench.inside():
        resume_run(actor=bench.user(), run=Run.objects.get(pk=run.id))
    assert bench.advance(run.id).status == "completed"
    calls.clear()
    other = bench.ran(flaky(**LATER))
    with bench.inside():
        cancel_run(actor=bench.user("owner"), run=Run.objects.get(pk=other.id))
    assert bench.run(other.id).status == "cancelled"
    assert [step.status for step in bench.steps(other.id)] == ["completed", "cancelled"]


def test_the_other_tenant_has_nothing_of_the_wait(bench: Bench, probes: Probes) -> None:
    from workflows.actions.waiting import standing

    probes["works"] = failing(9, [])
    run = bench.ran(flaky(**LATER))
    with bench.inside("globex"):
        assert standing(run.id).due_in_s is None
