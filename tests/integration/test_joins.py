"""Branches go each at their own pace, and meet where a join says: all, the first, or so many."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from tests.workbench import Bench, definition, node, output, text

Probes = dict[str, Callable[[Any], Any]]


def meeting(branches: dict[str, list[dict[str, Any]]], **join: Any) -> dict[str, Any]:
    """Return branches that part at ``s`` and meet at ``j``; what came in is the run's output."""
    chains = [edge for nodes in branches.values() for edge in _chain(["s", *(n["id"] for n in nodes), "j"])]
    end = node("end", "output", {"outputs": {"arrived": {"cel": "nodes.j.arrived"}}})
    nodes = [text("s"), *(n for nodes in branches.values() for n in nodes), node("j", "join", join), end]
    return definition(nodes, [*chains, "j end"])


def _chain(ids: list[str]) -> list[str]:
    return [f"{one} {two}" for one, two in pairwise(ids)]


def probe_node(id_: str) -> dict[str, Any]:
    return node(id_, "probe", {"does": id_})


def taking(seconds: float, log: list[str], stopped: list[str] | None = None) -> Callable[[Any], None]:
    def work(call: Any) -> None:
        from nexod.kernel import run_port

        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if run_port.current().cancelled():  # type: ignore[union-attr]
                if stopped is not None:
                    stopped.append(call.node)
                return
            time.sleep(0.02)
        log.append(call.node)

    return work


def test_branches_do_not_wait_for_each_other_before_their_next_step(bench: Bench, probes: Probes) -> None:
    log: list[str] = []
    probes |= {"slow": taking(1.0, log), "a": taking(0.1, log), "b": taking(0.1, log)}
    run = bench.ran(meeting({"1": [probe_node("slow")], "2": [probe_node("a"), probe_node("b")]}))
    assert (run.status, log) == ("completed", ["a", "b", "slow"])


def test_a_join_waits_for_all_by_default(bench: Bench, probes: Probes) -> None:
    log: list[str] = []
    probes |= {"slow": taking(0.4, log), "fast": taking(0.0, log)}
    assert bench.ran(meeting({"1": [probe_node("slow")], "2": [probe_node("fast")]})).status == "completed"
    assert log == ["fast", "slow"]


def test_the_first_branch_wins_and_the_others_are_given_up(bench: Bench, probes: Probes) -> None:
    log: list[str] = []
    stopped: list[str] = []
    probes |= {"slow": taking(20, log, stopped), "fast": taking(0.1, log)}
    began = time.monotonic()
    run = bench.ran(meeting({"1": [probe_node("slow"), text("after")], "2": [probe_node("fast")]}, mode="any"))
    assert time.monotonic() - began < 5
    assert (run.status, run.outputs, log) == ("completed", {"arrived": ["fast"]}, ["fast"])
    assert {step.node: step.status for step in bench.steps(run.id)}["slow"] == "cancelled"
    assert bench.types(run.id).count("step.stopped") == 1
    time.sleep(0.2)
    assert stopped == ["slow"]


def test_the_others_may_finish(bench: Bench, probes: Probes) -> None:
    log: list[str] = []
    probes |= {"slow": taking(0.4, log), "fast": taking(0.0, log)}
    run = bench.ran(meeting({"1": [probe_node("slow")], "2": [probe_node("fast")]}, mode="any", others="finish"))
    assert (run.outputs, log) == ({"arrived": ["fast"]}, ["fast", "slow"])


def test_so_many_branches_are_enough(bench: Bench, probes: Probes) -> None:
    log: list[str] = []
    probes |= {"a": taking(0.0, log), "b": taking(0.3, log), "c": taking(20, log)}
    branches = {name: [probe_node(name)] for name in "abc"}
    run = bench.ran(meeting(branches, mode="count", count=2))
    assert run.outputs == {"arrived": ["a", "b"]}


def test_what_came_in_before_the_run_waited_is_counted_after_it(bench: Bench, probes: Probes) -> None:
    """One branch comes in, the others ask people: the second that comes in is enough, and the third is not needed."""
    log: list[str] = []
    probes["a"] = taking(0.0, log)
    asks = {name: [node(name, "approval", {"title": name, "content": "?"})] for name in ("b", "c")}
    run = bench.ran(meeting({"a": [probe_node("a")], **asks}, mode="count", count=2))
    assert (run.status, log) == ("waiting", ["a"])
    bench.decide(run.id, "approve")
    run = bench.advance(run.id)
    assert (run.status, run.outputs["arrived"][0], log) == ("completed", "a", ["a"])
    assert len(run.outputs["arrived"]) == 2


def test_who_won_stays_who_won_when_the_run_goes_on_elsewhere(bench: Bench, probes: Probes) -> None:
    """After the join a person is asked; the worker that goes on walks both branches again, the loser first."""
    log: list[str] = []
    probes |= {"slow": taking(0.5, log), "fast": taking(0.0, log)}
    made = meeting({"1": [probe_node("slow")], "2": [probe_node("fast")]}, mode="any", others="finish")
    made["nodes"].append(node("q", "approval", {"title": "q", "content": "?"}))
    made["edges"] = [edge for edge in made["edges"] if edge["from"] != "j"] + [
        {"from": "j", "to": "q"},
        {"from": "q", "to": "end"},
    ]
    run = bench.ran(made)
    bench.decide(run.id, "approve")
    run = bench.advance(run.id)
    assert (run.status, run.outputs, sorted(log)) == ("completed", {"arrived": ["fast"]}, ["fast", "slow"])
    assert [step.visit for step in bench.steps(run.id) if step.node in ("j", "q", "end")] == [1, 1, 1]


@pytest.mark.parametrize(
    ("join", "field"), [({"mode": "count"}, "config.count"), ({"mode": "count", "count": 3}, "config.count")]
)
def test_a_join_that_can_never_go_on_is_refused(join: dict[str, Any], field: str) -> None:
    from tests.definitions import Everything
    from workflows.definitions import validate

    problems = validate(meeting({"1": [text("a")], "2": [text("b")]}, **join), Everything())
    assert [(p.node, p.field) for p in problems] == [("j", field)]


def test_a_race_in_a_cycle_or_right_after_a_fork_is_refused() -> None:
    from tests.definitions import Everything
    from workflows.definitions import validate

    made = meeting({"1": [text("a")], "2": [text("b")]}, mode="any")
    made["edges"].append({"from": "s", "to": "j"})
    assert "bad_join" in {problem.code for problem in validate(made, Everything())}


def test_a_failing_branch_fails_the_run_although_another_comes_in(bench: Bench, probes: Probes) -> None:
    def fails(call: Any) -> None:
        time.sleep(0.1)
        raise ValueError("broken")

    probes |= {"bad": fails, "slow": taking(20, [])}
    run = bench.ran(meeting({"1": [probe_node("bad")], "2": [probe_node("slow")]}))
    assert (run.status, run.error["node"]) == ("failed", "bad")


def test_branches_that_part_within_a_branch_meet_before_the_outer_ones_do(bench: Bench, probes: Probes) -> None:
    """Both meeting points are due at once: the outer one waits for what the inner one leads to."""
    ends: list[str] = []
    probes["last"] = lambda call: ends.append(call.node)
    nodes = [
        text("s"),
        text("a"),
        text("a1"),
        text("a2"),
        text("inner"),
        text("b"),
        text("outer"),
        probe_node("last"),
        output(),
    ]
    edges = ["s a", "s b", "a a1", "a a2", "a1 inner", "a2 inner", "inner outer", "b outer", "outer last", "last end"]
    run = bench.ran(definition(nodes, edges))
    assert (run.status, ends) == ("completed", ["last"])
    assert [step.node for step in bench.steps(run.id)].count("outer") == 1


def test_routes_that_meet_within_a_branch_are_no_end_of_the_other_one(bench: Bench, probes: Probes) -> None:
    ends: list[str] = []
    probes["last"] = lambda call: ends.append(call.node)
    choice = node("c", "condition", {"cases": [{"route": "yes", "when": "true"}], "default": "no"})
    nodes = [
        text("s"),
        choice,
        text("y"),
        text("n"),
        text("met"),
        text("b"),
        text("outer"),
        probe_node("last"),
        output(),
    ]
    edges = ["s c", "s b", "c y yes", "c n no", "y met", "n met", "met outer", "b outer", "outer last", "last end"]
    run = bench.ran(definition(nodes, edges))
    assert (run.status, ends) == ("completed", ["last"])


def test_a_meeting_point_of_a_branch_that_was_stopped_keeps_no_other_one_waiting(bench: Bench, probes: Probes) -> None:
    """Two of three branches would meet and then lose; what comes after the race parts and meets, too."""
    log: list[str] = []
    probes |= {"slow": taking(1.0, log), "fast": taking(0.2, log)}
    nodes = [
        text("s"), text("a"), probe_node("slow"), text("inner"), text("i2"), probe_node("fast"),
        node("j", "join", {"mode": "any"}), text("p"), text("q"), text("met"), output(),
    ]  # fmt: skip
    edges = ["s a", "s slow", "s fast", "a inner", "slow inner", "inner i2", "i2 j", "fast j"]
    run = bench.ran(definition(nodes, [*edges, "j p", "j q", "p met", "q met", "met end"]))
    assert (run.status, run.error) == ("completed", None)
    assert [step.node for step in bench.steps(run.id)].count("met") == 1
