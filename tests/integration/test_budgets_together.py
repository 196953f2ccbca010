"""Many callers of one budget: however they come together, it is not exceeded, and nobody waits for ever."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from nexod.kernel.run_port import Estimate, Reservation, Usage
from tests.faults import figure
from tests.spending import budget, calls, holds, windows
from tests.workbench import Bench, definition, output, text

CALLERS = 50


def estimate(tokens: int, *, seconds: float = 30) -> Estimate:
    return Estimate("m", "", "", tokens // 2, tokens - tokens // 2, tokens / 1e6, seconds=seconds)


def usage(tokens: int) -> Usage:
    return Usage("m", tokens // 2, tokens - tokens // 2, tokens / 1e6, 0.1)


def caller(bench: Bench) -> tuple[Any, Any, int]:
    """Return for whom a new run calls, its step, and the fence."""
    from workflows.actions.windows import Whose
    from workflows.models import Run, Step

    run = bench.start(definition([text("a"), output()]))
    with bench.inside():
        Run.objects.filter(pk=run).update(fence=1)
        step = Step.objects.create(run_id=run, node="a", node_type="llm")
    return Whose(run, "someone", f"w{random.randrange(3)}", "thinker"), step, 1


def hold(bench: Bench, one: tuple[Any, Any, int], wanted: Estimate) -> Any:
    from workflows.actions.reservations import reserve

    with bench.inside():
        return reserve(wanted, one[0], fence=one[2])


def spend(bench: Bench, one: tuple[Any, Any, int], used: Usage, held: Reservation | None) -> None:
    from workflows.actions.payments import called, pay

    whose, step, fence = one
    with bench.inside():
        pay(called(used, whose, step=step.pk, node="a"), used, whose, (), reservation=held, fence=fence)


def together(count: int, work: Callable[[int], None]) -> list[BaseException]:
    """Let so many threads begin at the same moment; return what they raised."""
    gate, raised = threading.Barrier(count), []

    def begin(number: int) -> None:
        try:
            gate.wait(30)
            work(number)
        except BaseException as error:  # noqa: BLE001
            raised.append(error)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    return raised


def test_fifty_callers_never_use_more_than_the_limit(bench: Bench) -> None:
    """Each wants 100 at most and uses 60 to 100; the limit has room for some of them. Over it: nothing."""
    budget(bench, limit=1000)
    callers = [caller(bench) for _ in range(CALLERS)]
    done: list[int] = []

    def calls_once(number: int) -> None:
        verdict = hold(bench, callers[number], estimate(100))
        if verdict.reservation is not None:
            time.sleep(random.uniform(0, 0.2))
            tokens = random.randint(60, 100)
            spend(bench, callers[number], usage(tokens), verdict.reservation)
            done.append(tokens)

    assert together(CALLERS, calls_once) == []
    [window] = windows(bench)
    figure(
        "budget, 50 callers",
        limit=1000,
        largest_call=100,
        made=len(done),
        used=sum(done),
        over=max(0, sum(done) - 1000),
    )
    assert window.used == sum(done) <= 1000
    assert len(done) >= 10
    assert holds(bench) == []


def test_a_call_that_uses_more_than_it_said_is_the_only_one_over(bench: Bench) -> None:
    """The estimate of the last caller is wrong: the budget is exceeded by that, and by nobody after it."""
    budget(bench, limit=1000)
    callers = [caller(bench) for _ in range(CALLERS)]
    first = hold(bench, callers[0], estimate(950))
    spend(bench, callers[0], usage(1040), first.reservation)
    refused: list[Any] = []
    raised = together(CALLERS - 1, lambda number: refused.append(hold(bench, callers[number + 1], estimate(1))))
    assert raised == []
    assert all(verdict.reservation is None for verdict in refused)
    assert windows(bench)[0].used == 1040


def test_callers_of_many_budgets_never_wait_for_each_other_for_ever(bench: Bench) -> None:
    for scope, period in (
        ("tenant", "month"), ("tenant", "day"), ("user", "day"), ("workflow", "total"), ("agent", "month"), ("run", "run"),
    ):  # fmt: skip
        budget(bench, name=scope, scope=scope, period=period, limit=10**9)
    callers = [caller(bench) for _ in range(20)]

    def calls_often(number: int) -> None:
        for _ in range(5):
            verdict = hold(bench, callers[number], estimate(100))
            spend(bench, callers[number], usage(50), verdict.reservation)

    assert together(20, calls_often) == []
    by_budget: dict[Any, Decimal] = {}
    for window in windows(bench):
        by_budget[window.budget_id] = by_budget.get(window.budget_id, Decimal(0)) + window.used
    assert set(by_budget.values()) == {Decimal(20 * 5 * 50)}
    assert len(calls(bench)) == 100


def test_what_a_lost_worker_held_is_free_for_the_next_claim(bench: Bench) -> None:
    from workflows.models import Run

    budget(bench, limit=100)
    one = caller(bench)
    assert hold(bench, one, estimate(80)).reservation is not None
    assert hold(bench, caller(bench), estimate(80)).reservation is None, "it is held: its worker may be at work"
    with bench.inside():
        Run.objects.filter(pk=one[0].run).update(fence=2)
    assert hold(bench, (one[0], one[1], 2), estimate(80)).reservation is not None


def test_what_was_held_too_long_is_free(bench: Bench) -> None:
    budget(bench, limit=100)
    assert hold(bench, caller(bench), estimate(80, seconds=-100)).reservation is not None
    assert hold(bench, caller(bench), estimate(80)).reservation is not None


def test_what_a_worker_without_its_claim_spends_is_not_counted(bench: Bench) -> None:
    from workflows.errors import RunLost
    from workflows.models import Run

    budget(bench, limit=100)
    one = caller(bench)
    held = hold(bench, one, estimate(80)).reservation
    with bench.inside():
        Run.objects.filter(pk=one[0].run).update(fence=2)
    with pytest.raises(RunLost):
        spend(bench, one, usage(80), held)
    assert (calls(bench), windows(bench)[0].used) == ([], 0)


def test_a_run_without_budgets_asks_once_whether_there_are_any(bench: Bench) -> None:
    from django.test.utils import CaptureQueriesContext

    from workflows.actions.reservations import is_limited

    with bench.inside(), CaptureQueriesContext(connection) as captured:
        assert not is_limited()
    assert len([query for query in captured.captured_queries if "agents_budget" in query["sql"]]) == 1
