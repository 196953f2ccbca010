"""A map has a node do its work for every item: in order, several at once, each item once, whatever happens between."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from nexod.kernel.errors import Unavailable
from tests.workbench import Bench, definition, node, text

Probes = dict[str, Callable[[Any], Any]]
INPUTS = {"type": "object", "properties": {"list": {"type": "array", "items": {}}}}


def mapping(each: dict[str, Any], **config: Any) -> dict[str, Any]:
    whole = node("m", "map", {"items": "inputs.list", "each": each["id"], **config})
    end = node(
        "end", "output", {"outputs": {"results": {"cel": "nodes.m.results"}, "failed": {"cel": "nodes.m.failed"}}}
    )
    return {**definition([whole, end], inputs=INPUTS), "nodes": [whole, end, each]}


def probing(name: str = "one", **config: Any) -> dict[str, Any]:
    return mapping(node("w", "probe", {"does": name}), **config)


def item(call: Any) -> Any:
    return call.values["nodes"]["m"]["item"]


def test_results_come_in_the_order_of_the_items(bench: Bench) -> None:
    run = bench.ran(
        mapping(text("w", "{{ nodes.m.index }}:{{ nodes.m.item }}/{{ nodes.m.count }}")), {"list": ["a", "b", "c"]}
    )
    assert run.outputs["results"] == [{"text": "0:a/3"}, {"text": "1:b/3"}, {"text": "2:c/3"}]


def test_an_empty_list_gives_an_empty_list(bench: Bench) -> None:
    assert bench.ran(mapping(text("w")), {"list": []}).outputs == {"results": [], "failed": []}


@pytest.mark.parametrize("given", [7, list(range(11))])
def test_what_is_no_list_or_too_long_a_one_fails_the_step(bench: Bench, given: Any) -> None:
    definition = {**mapping(text("w"), most=10), "inputs": {"type": "object", "properties": {"list": {}}}}
    assert bench.ran(definition, {"list": given}).error["code"] == "too_many_items"


def test_no_more_items_at_once_than_it_says(bench: Bench, probes: Probes) -> None:
    at_work, most, lock = [0], [0], threading.Lock()

    def one(call: Any) -> None:
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        time.sleep(0.2)
        with lock:
            at_work[0] -= 1

    probes["one"] = one
    assert bench.ran(probing(at_once=3), {"list": list(range(9))}).status == "completed"
    assert most[0] == 3


def failing(call: Any) -> Any:
    if item(call) == "bad":
        raise Unavailable("This one is bad.")
    return item(call)


def test_a_failed_item_stops_the_list(bench: Bench, probes: Probes) -> None:
    probes["one"] = failing
    run = bench.ran(probing(at_once=1), {"list": ["a", "bad", "c"]})
    assert (run.status, run.error["code"]) == ("failed", "items_failed")
    assert run.error["details"]["failed"] == [{"index": 1, "code": "unavailable", "message": "This one is bad."}]
    assert [step.status for step in bench.steps(run.id) if step.node == "w"] == ["completed", "failed"]


def test_a_failed_item_is_skipped(bench: Bench, probes: Probes) -> None:
    probes["one"] = failing
    outputs = bench.ran(probing(on_failure="skip"), {"list": ["a", "bad", "c"]}).outputs
    assert outputs["results"] == [{"gave": "a"}, None, {"gave": "c"}]
    assert [failed["index"] for failed in outputs["failed"]] == [1]


def test_a_list_that_is_tried_again_does_only_what_had_failed(bench: Bench, probes: Probes) -> None:
    from workflows.actions.runs import resume_run

    done: list[Any] = []

    def one(call: Any) -> Any:
        done.append(item(call))
        return failing(call) if done.count("bad") < 2 else item(call)

    probes["one"] = one
    run = bench.ran(probing(at_once=1), {"list": ["a", "bad", "c"]})
    with bench.inside():
        resume_run(actor=bench.user(), run=run)
    assert bench.advance(run.id).outputs["results"] == [{"gave": "a"}, {"gave": "bad"}, {"gave": "c"}]
    assert done == ["a", "bad", "bad", "c"]


def test_each_item_is_tried_as_often_as_its_node_says(bench: Bench, probes: Probes) -> None:
    tries: list[Any] = []

    def one(call: Any) -> Any:
        tries.append(item(call))
        if tries.count(item(call)) < 3:
            raise Unavailable
        return item(call)

    probes["one"] = one
    made = probing()
    made["nodes"][2]["retry"] = {"attempts": 3, "backoff_s": 0}
    assert bench.ran(made, {"list": [1, 2]}).status == "completed"
    assert sorted(tries) == [1, 1, 1, 2, 2, 2]


def test_items_that_ask_people_wait_one_by_one_and_nothing_is_done_twice(bench: Bench, probes: Probes) -> None:
    from nexod.kernel.run_port import Question

    done: list[Any] = []

    def one(call: Any) -> Any:
        if item(call) % 2:
            answer = call.ask(
                Question(title=f"{item(call)}?", content="?", roles=("approver",), decisions=("approve",))
            )
            assert answer.decision == "approve"
        done.append(item(call))
        return item(call)

    probes["one"] = one
    run = bench.ran(probing(), {"list": [1, 2, 3, 4]})
    assert (run.status, run.waiting_for, sorted(done)) == ("waiting", "approval", [2, 4])
    for left in (1, 0):
        bench.decide(run.id, "approve")
        assert bench.advance(run.id).status == ("waiting" if left else "completed")
    assert [result["gave"] for result in bench.run(run.id).outputs["results"]] == [1, 2, 3, 4]
    assert sorted(done) == [1, 2, 3, 4]


def test_a_cancelled_run_stops_its_items(bench: Bench, probes: Probes) -> None:
    from uuid import UUID

    from workflows.actions.runs import cancel_run

    begun: list[Any] = []

    def one(call: Any) -> None:
        begun.append(item(call))
        with bench.inside():
            cancel_run(actor=bench.user(), run=bench.run(UUID(call.run_id)))
        time.sleep(3)

    probes["one"] = one
    run = bench.ran(probing(at_once=1), {"list": [1, 2, 3]})
    assert (run.status, begun) == ("cancelled", [1])


def test_a_paused_run_goes_on_with_the_items_that_are_left(bench: Bench, probes: Probes) -> None:
    from uuid import UUID

    from workflows.actions.pauses import pause_run
    from workflows.actions.runs import resume_run

    done: list[Any] = []

    def one(call: Any) -> Any:
        if not done:
            with bench.inside():
                pause_run(actor=bench.user(), run=bench.run(UUID(call.run_id)))
            time.sleep(0.5)
        done.append(item(call))
        return item(call)

    probes["one"] = one
    run = bench.ran(probing(at_once=1), {"list": [1, 2, 3]})
    assert (run.status, run.waiting_for, done) == ("waiting", "person", [1])
    with bench.inside():
        resume_run(actor=bench.user(), run=run)
    assert (bench.advance(run.id).status, done) == ("completed", [1, 2, 3])
    assert [step.attempt for step in bench.steps(run.id) if step.node == "m"] == [1]


def test_a_long_list_of_another_workflow_waits_for_all_its_runs(bench: Bench) -> None:
    from workflows.models import Run

    inner = definition([node("end", "output", {"outputs": {"twice": {"cel": "inputs.n * 2"}}})])
    inner["inputs"] = {"type": "object", "properties": {"n": {"type": "integer"}}}
    slug = bench.workflow(inner, name="Inner").slug
    call = node("w", "workflow", {"workflow": slug, "inputs": {"n": {"cel": "nodes.m.item"}}})
    run = bench.start(mapping(call), {"list": [1, 2, 3]})
    assert bench.advance(run).status == "waiting"
    with bench.inside():
        children = list(Run.objects.filter(parent__run=run).values_list("id", flat=True))
    assert len(children) == 3
    for child in children:
        bench.advance(child)
        bench.advance(run)
    assert [result["outputs"]["twice"] for result in bench.run(run).outputs["results"]] == [2, 4, 6]


def test_a_map_with_a_policy_tries_again_only_what_had_failed(bench: Bench, probes: Probes) -> None:
    done: list[Any] = []

    def one(call: Any) -> Any:
        done.append(item(call))
        return failing(call) if done.count("bad") < 3 else item(call)

    probes["one"] = one
    made = probing(at_once=1)
    made["nodes"][0]["retry"] = {"attempts": 3, "backoff_s": 0, "on": ["items_failed"]}
    run = bench.ran(made, {"list": ["a", "bad", "c"]})
    assert run.status == "completed", run.error
    assert done == ["a", "bad", "bad", "bad", "c"]
    assert {(s.visit, s.attempt) for s in bench.steps(run.id) if s.node == "w"} == {(1, 1), (2, 3), (3, 1)}
