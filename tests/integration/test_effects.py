"""The Effect ledger: what a step does outside is done once, however often the step begins."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from nexod.kernel import run_port
from nexod.kernel.errors import InvalidInput, Unavailable
from nexod.kernel.run_port import NotPerformed, SideEffect, Unusable
from tests.probe import probe
from tests.workbench import Bench, definition, output
from workflows.errors import RunLost

Probes = dict[str, Callable[[Any], Any]]


class Outside:
    """Something outside that is done to; ``goes`` says how the next time goes."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.goes: list[Any] = []

    def perform(self, key: str) -> Any:
        self.done.append(key)
        how = self.goes.pop(0) if self.goes else {"number": len(self.done)}
        if isinstance(how, BaseException):
            raise how
        return how() if callable(how) else how


@pytest.fixture
def outside() -> Outside:
    return Outside()


def does(outside: Outside, *, idempotent: bool = False, request: Any = "order", times: int = 1) -> Callable[[Any], Any]:
    """Return what a probe does: the effect, so many times."""
    wanted = SideEffect("tool", "Order", request, idempotent=idempotent, about="one chair")

    def work(call: Any) -> Any:
        given = [run_port.performed(wanted, outside.perform) for _ in range(times)]
        return given[-1].result

    return work


def work(*more: Any, retry: int = 1) -> dict[str, Any]:
    policy = {"retry": {"attempts": retry, "backoff_s": 0}}
    return definition([probe("order", "order", more=policy), *more, output(got="{{ nodes.order.gave | tojson }}")])


def effects(bench: Bench, run: UUID, *, slug: str = "acme") -> list[Any]:
    from workflows.models import Effect

    with bench.inside(slug):
        return list(Effect.objects.filter(run=run).order_by("created_at", "id"))


def resume(bench: Bench, run: UUID) -> Any:
    from workflows.actions.runs import resume_run

    with bench.inside():
        resume_run(actor=bench.user(), run=bench.run(run))
    return bench.advance(run)


def test_an_effect_is_written_down_with_what_it_gave(bench: Bench, probes: Probes, outside: Outside) -> None:
    probes["order"] = does(outside)
    run = bench.ran(work())
    assert run.status == "completed", run.error
    [effect] = effects(bench, run.id)
    assert (effect.kind, effect.name, effect.about, effect.status) == ("tool", "Order", "one chair", "done")
    assert (effect.result, effect.begun, effect.idempotent) == ({"number": 1}, 1, False)
    assert effect.started_at <= effect.finished_at
    [told] = [event.data for event in bench.events(run.id) if event.type == "effect.recorded"]
    assert (told["status"], told["effect"], told["name"]) == ("done", str(effect.id), "Order")
    assert effects(bench, run.id, slug="globex") == []


def test_it_is_written_down_before_it_is_done(bench: Bench, probes: Probes, outside: Outside) -> None:
    seen: list[Any] = []
    run: list[UUID] = []
    probes["order"] = does(outside)
    outside.goes = [lambda: seen.extend(effects(bench, run[0])) or 1]
    run.append(bench.start(work()))
    bench.advance(run[0])
    assert [effect.status for effect in seen] == ["started"]


def test_a_retried_step_uses_what_was_done(bench: Bench, probes: Probes, outside: Outside) -> None:
    """The step fails after its effect: the second try does not do it again."""
    order = does(outside)
    tries: list[Any] = []

    def fails_first(call: Any) -> Any:
        tries.append(order(call))
        if len(tries) == 1:
            raise Unavailable
        return tries[-1]

    probes["order"] = fails_first
    run = bench.ran(work(retry=2))
    assert (run.status, len(outside.done)) == ("completed", 1)
    assert tries == [{"number": 1}, {"number": 1}]


def test_a_resumed_run_uses_what_was_done(bench: Bench, probes: Probes, outside: Outside) -> None:
    order, broken = does(outside), [True]

    def fails(call: Any) -> Any:
        got = order(call)
        if broken:
            raise InvalidInput
        return got

    probes["order"] = fails
    run = bench.ran(work())
    assert run.status == "failed"
    broken.clear()
    assert resume(bench, run.id).status == "completed"
    assert len(outside.done) == 1


def test_the_same_request_twice_is_two_effects_each_with_its_own_key(
    bench: Bench, probes: Probes, outside: Outside
) -> None:
    order, broken = does(outside, times=3), [True]

    def fails(call: Any) -> Any:
        order(call)
        if broken:
            raise InvalidInput

    probes["order"] = fails
    run = bench.ran(work())
    broken.clear()
    resume(bench, run.id)
    assert len(outside.done) == len(set(outside.done)) == 3
    assert [effect.occurrence for effect in effects(bench, run.id)] == [1, 2, 3]


def test_what_is_idempotent_is_repeated_under_the_same_key(bench: Bench, probes: Probes, outside: Outside) -> None:
    probes["order"] = does(outside, idempotent=True)
    outside.goes = [Unavailable("The connection broke.")]
    run = bench.ran(work(retry=2))
    assert run.status == "completed"
    assert len(outside.done) == 2
    assert len(set(outside.done)) == 1
    assert outside.done[0]
    [effect] = effects(bench, run.id)
    assert (effect.status, effect.begun) == ("done", 2)


def test_two_runs_have_two_keys(bench: Bench, probes: Probes, outside: Outside) -> None:
    probes["order"] = does(outside)
    bench.ran(work())
    bench.ran(work())
    assert len(set(outside.done)) == 2


def test_what_was_refused_is_failed_and_may_be_done_again(bench: Bench, probes: Probes, outside: Outside) -> None:
    probes["order"] = does(outside)
    outside.goes = [NotPerformed(Unavailable("Not now.")), {"number": 7}]
    run = bench.ran(work(retry=2))
    assert (run.status, run.outputs) == ("completed", {"got": '{"number": 7}'})
    [effect] = effects(bench, run.id)
    assert (effect.status, effect.begun, effect.error) == ("done", 2, None)
    told = [event.data["status"] for event in bench.events(run.id) if event.type == "effect.recorded"]
    assert told == ["failed", "done"]


def test_a_refusal_fails_the_step_with_its_reason(bench: Bench, probes: Probes, outside: Outside) -> None:
    probes["order"] = does(outside)
    outside.goes = [NotPerformed(InvalidInput("No such chair."))]
    run = bench.ran(work())
    assert (run.status, run.error["message"]) == ("failed", "No such chair.")
    [effect] = effects(bench, run.id)
    assert (effect.status, effect.error["message"]) == ("failed", "No such chair.")


@pytest.mark.parametrize(
    ("gives", "code"),
    [({1, 2}, "effect_unusable"), ("x" * 4_100_000, "effect_unusable"), (float("nan"), "effect_unusable")],
    ids=["not JSON", "too large", "not a number"],
)
def test_a_result_of_no_use_is_reported_and_not_done_again(
    bench: Bench, probes: Probes, outside: Outside, gives: Any, code: str
) -> None:
    probes["order"] = does(outside)
    outside.goes = [gives]
    run = bench.ran(work(retry=3))
    assert (run.status, run.error["code"], run.error["node"]) == ("failed", code, "order")
    [effect] = effects(bench, run.id)
    assert (effect.status, effect.result, effect.error["code"]) == ("done", None, code)
    assert resume(bench, run.id).error["code"] == code
    assert len(outside.done) == 1


def test_what_happened_without_use_is_not_done_again(bench: Bench, probes: Probes, outside: Outside) -> None:
    probes["order"] = does(outside)
    outside.goes = [Unusable(InvalidInput("A chair of the wrong colour."))]
    run = bench.ran(work())
    again = resume(bench, run.id)
    assert again.error["message"] == "A chair of the wrong colour."
    assert again.error["code"] == "invalid"
    assert len(outside.done) == 1


def test_an_effect_that_returns_after_its_step_was_given_up_is_written_down(
    bench: Bench, probes: Probes, outside: Outside
) -> None:
    """The step's time is over; its thread is told so at its next check, and what it did is known all the same."""
    returned = threading.Event()

    def late() -> dict[str, int]:
        time.sleep(1.5)
        threading.Timer(0.3, returned.set).start()
        return {"number": 1}

    probes["order"] = does(outside, times=2)
    outside.goes = [late]
    run = bench.ran(definition([probe("order", "order", more={"timeout_s": 0.5}), output()]))
    assert (run.status, run.error["code"]) == ("failed", "step_timed_out")
    assert returned.wait(60)
    [effect] = effects(bench, run.id)
    assert (effect.status, effect.result) == ("done", {"number": 1})
    assert len(outside.done) == 1, "the second was not begun any more"
    assert bench.types(run.id)[-1] == "run.failed"
    run_again = resume(bench, run.id)
    assert (run_again.status, len(outside.done)) == ("completed", 2)


def test_a_stale_worker_begins_and_settles_nothing(bench: Bench, probes: Probes, outside: Outside) -> None:
    """It sleeps in the middle of its step while another worker claims the run."""
    from workflows.models import Run

    refused: list[type[BaseException]] = []
    wanted = [SideEffect("tool", "Order", number, idempotent=True) for number in range(2)]

    def work_(call: Any) -> Any:
        def robbed() -> int:
            with bench.inside():
                Run.objects.filter(pk=call.run_id).update(fence=10_000)
            return 1

        outside.goes = [robbed]
        for one in wanted:
            try:
                run_port.performed(one, outside.perform)
            except RunLost as lost:
                refused.append(type(lost))
        return 1

    probes["order"] = work_
    run = bench.start(work())
    bench.advance(run)
    assert len(refused) == 2
    assert len(outside.done) == 1
    [effect] = effects(bench, run)
    assert effect.status == "started", "whether it happened is for the new worker to find out"


def test_of_two_workers_one_begins(bench: Bench, probes: Probes, outside: Outside) -> None:
    """Both hold what was read before; the row decides."""
    from workflows.actions.effects import begin_effect
    from workflows.models import Effect, Run, Step

    probes["order"] = does(outside, idempotent=True)
    outside.goes = [Unavailable()]
    run = bench.ran(work())
    with bench.inside():
        step = Step.objects.get(run=run.id, node="order")
        fence = Run.objects.get(pk=run.id).fence
        first, second = (Effect.objects.get(step=step) for _ in range(2))
        assert begin_effect(first, fence=fence)
        assert not begin_effect(second, fence=fence)
        new = [Effect(run_id=run.id, step=step, key="k", kind="tool", name="n") for _ in range(2)]
        assert begin_effect(new[0], fence=fence)
        assert not begin_effect(new[1], fence=fence)
        older = Effect(run_id=run.id, step=step, key="older", kind="tool", name="n")
        assert not begin_effect(older, fence=fence - 1)
        assert Effect.objects.filter(step=step).count() == 2


def test_outside_of_a_run_it_is_simply_done(outside: Outside) -> None:
    wanted = SideEffect("tool", "Order", 1, idempotent=False)
    assert run_port.performed(wanted, outside.perform).result == {"number": 1}
    outside.goes = [NotPerformed(InvalidInput("no"))]
    with pytest.raises(InvalidInput):
        run_port.performed(wanted, outside.perform)


def test_a_database_that_goes_away_after_the_effect_does_not_forget_it(
    bench: Bench, probes: Probes, outside: Outside
) -> None:
    """As when PostgreSQL restarts: every connection is cut while the other side works."""
    from django.db import connection

    def cut() -> dict[str, int]:
        with bench.inside(), connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            mine = "usename = session_user AND pid <> pg_backend_pid()"
            cursor.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}")
        connection.close()
        return {"number": 1}

    probes["order"] = does(outside)
    outside.goes = [cut]
    run = bench.ran(work())
    if run.status == "running":  # the worker's own connection was cut too: it hands the run back
        run = bench.advance(run.id)
    assert run.status == "completed", run.error
    [effect] = effects(bench, run.id)
    assert (effect.status, effect.begun, len(outside.done)) == ("done", 1, 1)
