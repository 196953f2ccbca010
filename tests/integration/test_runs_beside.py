"""A branch that waits goes on when its time has come, though others beside it take longer; alone it parks."""

from __future__ import annotations

import time
from typing import Any

import pytest

from nexod.kernel.errors import Unavailable
from tests.probe import probe
from tests.workbench import Bench, ask, definition, output, text
from workflows.engine import step as steps

EDGES = ["a quick", "a slow", "quick end", "slow end"]
PATIENCE_S = 8.0


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def doing(probes: dict[str, Any], said: list[str]) -> dict[str, Any]:
    """``slow`` works until ``quick`` has gone on, PATIENCE_S at most; ``fails`` does so once, with a pause of half a second."""

    def slow(call: Any) -> str:
        until = time.monotonic() + PATIENCE_S
        while "quick again" not in said and time.monotonic() < until:
            time.sleep(0.02)
        said.append("slow done")
        return "slow"

    def fails(call: Any) -> str:
        said.append("quick" if "quick" not in said else "quick again")
        if said.count("quick again") == 0:
            raise Unavailable("Not now.")
        return "quick"

    probes["slow"], probes["fails"] = slow, fails
    return probes


def retried(name: str, backoff_s: float) -> dict[str, Any]:
    policy = {"attempts": 3, "backoff_s": backoff_s, "jitter": "none"}
    return {**probe(name, "fails"), "retry": policy}


def test_a_retry_comes_due_while_another_branch_works(
    bench: Bench, doing: Any, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "HELD_S", 0.1)
    document = definition([text("a"), retried("quick", 1.0), probe("slow", "slow"), output()], EDGES)
    run = bench.ran(document)
    assert said == ["quick", "quick again", "slow done"]
    assert run.status == "completed"
    assert "run.waiting" not in bench.types(run.id)
    assert [(step.node, step.status, step.attempt) for step in bench.steps(run.id) if step.node == "quick"] == [
        ("quick", "completed", 2)
    ]


def test_a_person_who_decides_while_another_branch_works_is_heard(bench: Bench, doing: Any, said: list[str]) -> None:
    from workflows.models import Approval

    def slow(call: Any) -> str:
        with bench.inside():
            while not Approval.objects.filter(run=call.run_id).exists():
                time.sleep(0.02)
            bench.decide(call.run_id, "approve")
            until = time.monotonic() + PATIENCE_S
            while "after completed" not in _done(bench, call.run_id) and time.monotonic() < until:
                time.sleep(0.05)
            said.append(", ".join(sorted(_done(bench, call.run_id))))
        return "slow"

    doing["slow"] = slow
    edges = ["a ok", "a slow", "ok after", "after end", "slow end"]
    document = definition([text("a"), ask("ok"), text("after"), probe("slow", "slow"), output()], edges)
    run = bench.ran(document)
    assert "after completed" in said[0]
    assert (run.status, bench.types(run.id).count("approval.requested")) == ("completed", 1)


def _done(bench: Bench, run: Any) -> list[str]:
    return [f"{step.node} {step.status}" for step in bench.steps(run)]


def test_when_nobody_else_is_at_work_the_run_parks(
    bench: Bench, doing: Any, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "HELD_S", 0.1)
    doing["slow"] = lambda call: time.sleep(0.3)
    document = definition([text("a"), retried("quick", 300), probe("slow", "slow"), output()], EDGES)
    began = time.monotonic()
    run = bench.ran(document)
    assert time.monotonic() - began < PATIENCE_S
    assert (run.status, run.waiting_for, said) == ("waiting", "timer", ["quick"])


def test_two_that_wait_do_not_wait_for_each_other(bench: Bench) -> None:
    document = definition([text("a"), ask("one"), ask("two"), output()], ["a one", "a two", "one end", "two end"])
    run = bench.ran(document)
    assert (run.status, run.waiting_for) == ("waiting", "approval")
    for _ in range(2):
        bench.decide(run.id, "approve")
    assert bench.advance(run.id).status == "completed"
    assert bench.types(run.id).count("approval.requested") == 2


def test_a_run_that_is_cancelled_while_a_branch_waits_beside_another_ends(
    bench: Bench, doing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workflows.actions.runs import cancel_run

    monkeypatch.setattr(steps, "HELD_S", 0.1)

    def slow(call: Any) -> str:
        with bench.inside():
            cancel_run(actor=bench.user(), run=bench.run(call.run_id))
        time.sleep(1)
        return "slow"

    doing["slow"] = slow
    document = definition([text("a"), retried("quick", 300), probe("slow", "slow"), output()], EDGES)
    run = bench.ran(document)
    assert run.status == "cancelled"
    assert {step.status for step in bench.steps(run.id)} <= {"completed", "cancelled"}
