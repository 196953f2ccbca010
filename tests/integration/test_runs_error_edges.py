"""A node that failed for good is left by its error edge: the run goes on, and knows what happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nexod.kernel.errors import InvalidInput, Unavailable
from tests.probe import probe
from tests.workbench import Bench, ask, choose, definition, output, text

Json = dict[str, Any]
Probes = dict[str, Callable[[Any], Any]]
WAYS = ["a b", "b end", "b sorry error", "sorry end2"]


def raises(error: Exception) -> Callable[[Any], None]:
    def work(call: Any) -> None:
        raise error

    return work


def caught(said: str, **retry: Any) -> Json:
    nodes = [text("a"), probe("b", "works", more={"retry": retry} if retry else None), text("sorry", said)]
    ends = [output(said="fine"), output("end2", said="{{ nodes.sorry.text }}")]
    return definition([*nodes, *ends], WAYS)


def test_the_run_goes_on_and_later_nodes_see_the_error(bench: Bench, probes: Probes) -> None:
    probes["works"] = raises(InvalidInput("too odd", details={"field": "x"}))
    said = (
        "{{ nodes.b.error.code }} at {{ nodes.b.error.node }}: {{ nodes.b.error.message }} {{ nodes.b.error.details }}"
    )
    run = bench.ran(caught(said))
    assert (run.status, run.error) == ("completed", None)
    assert run.outputs["said"].startswith("invalid at b: too odd")
    assert "field" in run.outputs["said"]
    steps = {step.node: step for step in bench.steps(run.id)}
    assert (steps["b"].status, steps["b"].route, steps["b"].error["code"]) == ("failed", "error", "invalid")
    assert "end" not in steps
    [failed] = [event for event in bench.events(run.id) if event.type == "step.failed"]
    assert failed.data["handled"] is True


def test_it_is_taken_only_after_the_last_attempt(bench: Bench, probes: Probes) -> None:
    calls: list[int] = []

    def works(call: Any) -> str:
        calls.append(1)
        raise Unavailable

    probes["works"] = works
    run = bench.ran(caught("after {{ nodes.b.error.attempts }}", attempts=3, backoff_s=0))
    assert (run.outputs, len(calls)) == ({"said": "after 3"}, 3)


def test_it_is_not_taken_when_all_is_well(bench: Bench, probes: Probes) -> None:
    probes["works"] = lambda call: "ok"
    run = bench.ran(caught("no"))
    assert run.outputs == {"said": "fine"}
    assert [step.node for step in bench.steps(run.id)] == ["a", "b", "end"]


def test_a_branch_that_fails_does_not_stop_the_other(bench: Bench, probes: Probes) -> None:
    probes.update(works=raises(InvalidInput("x")), fine=lambda call: "ok")
    nodes = [text("a"), probe("b", "works"), probe("c", "fine"), text("sorry"), output(said="{{ nodes.c.gave }}")]
    run = bench.ran(definition(nodes, ["a b", "a c", "b end", "b sorry error", "sorry end", "c end"]))
    assert (run.status, run.outputs) == ("completed", {"said": "ok"})


@pytest.mark.parametrize("forgets", [True, False])
def test_a_handled_failure_is_kept_when_the_run_goes_on_later(bench: Bench, probes: Probes, forgets: bool) -> None:
    calls: list[int] = []

    def works(call: Any) -> None:
        calls.append(1)
        raise InvalidInput("x")

    probes["works"] = works
    nodes = [text("a"), probe("b", "works"), ask("sorry", "{{ nodes.b.error.code }}"), output("end2", said="ok")]
    run = bench.ran(definition([*nodes, output()], WAYS))
    assert run.status == "waiting"
    if forgets and bench.checkpoints(run.id):
        bench.forget_checkpoints(run.id)
    bench.decide(run.id, "approve")
    assert bench.advance(run.id).outputs == {"said": "ok"}
    assert len(calls) == 1


def test_going_round_by_failing_is_bounded_by_visits(bench: Bench, probes: Probes) -> None:
    calls: list[int] = []

    def works(call: Any) -> None:
        calls.append(call.visit)
        raise InvalidInput("x")

    probes["works"] = works
    run = bench.ran(definition([probe("b", "works"), output()], ["b end", "b b error"], limits={"visits": 3}))
    assert (run.status, run.error["code"], calls) == ("failed", "visits_exceeded", [1, 2, 3])


def test_instant_nodes_have_error_edges_too(bench: Bench) -> None:
    nodes = [choose("c", "on", other="inputs.topic.nothing == 1"), text("sorry", "{{ nodes.c.error.code }}")]
    run = bench.ran(
        definition(
            [*nodes, output(), output("end2", said="{{ nodes.sorry.text }}")],
            ["c end on", "c end other", "c sorry error", "sorry end2"],
        )
    )
    assert run.status == "completed", run.error
    assert run.outputs["said"]


def test_an_output_that_is_no_json_or_too_large_is_a_failure_like_any(
    bench: Bench, probes: Probes, settings: Any
) -> None:
    settings.NEXOD_MAX_STATE_BYTES = 3_000
    for gives, code in ((lambda call: {1, 2}, "output_not_json"), (lambda call: "x" * 5_000, "state_too_large")):
        probes["works"] = gives
        assert bench.ran(caught("{{ nodes.b.error.code }}")).outputs == {"said": code}


def test_where_even_the_error_does_not_fit_the_run_fails(bench: Bench, probes: Probes, settings: Any) -> None:
    settings.NEXOD_MAX_STATE_BYTES = 600
    probes.update(fills=lambda call: "x" * 500, works=raises(InvalidInput("y" * 400)))
    nodes = [probe("a", "fills"), probe("b", "works"), text("sorry"), output(), output("end2")]
    run = bench.ran(definition(nodes, WAYS))
    assert (run.status, run.error["code"], run.error["node"]) == ("failed", "state_too_large", "b")


def test_what_a_long_error_says_is_cut_for_later_nodes(bench: Bench, probes: Probes) -> None:
    probes["works"] = raises(InvalidInput("y" * 50_000, details={"x": "z" * 50_000}))
    run = bench.ran(caught("{{ nodes.b.error.message | length }}"))
    assert run.outputs == {"said": "4000"}


def test_a_run_over_its_time_takes_no_error_edge(bench: Bench, probes: Probes) -> None:
    import time

    probes["works"] = lambda call: time.sleep(3)
    run = bench.ran({**caught("no"), "limits": {"timeout_s": 0.4}})
    assert (run.status, run.error["code"]) == ("failed", "run_timed_out")


def test_a_condition_whose_own_route_is_called_error_still_runs(bench: Bench) -> None:
    """Such a definition was valid once, and may be what a run was started with."""
    from workflows.models import Run

    nodes = [choose("c", "on", error="true"), text("a"), output(), output("end2", said="by its own choice")]
    run = bench.start(definition([text("x"), output()]))
    with bench.inside():
        Run.objects.filter(pk=run).update(definition=definition(nodes, ["c a error", "c end on", "a end2"]))
    assert bench.advance(run).outputs == {"said": "by its own choice"}
