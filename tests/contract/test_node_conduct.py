"""What every node type does in a real run: it gives what it describes, is tried again, cancelled, resumed, timed, paid for.

The stages are in node_stages.py; a type without a promise says there why.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.db import OperationalError
from jsonschema import Draft202012Validator

from nexod.kernel.sandbox.pool import Child
from tests.contract.node_stages import (
    HEAVY,
    HEAVY_TEXT,
    LONG_TEXT,
    PROMISES,
    RUNS,
    SLOW_S,
    STAGES,
    Post,
    Room,
    Stage,
    document,
)
from tests.integration.test_runs_stops import cancel_soon
from tests.model_server import ModelServer
from tests.sink import Sink
from tests.spending import connect
from tests.workbench import Bench, ask
from workflows.definitions import DefinitionInvalid
from workflows.engine.record import Record
from workflows.nodes import registry

ONE_RETRY = {"attempts": 2, "backoff_s": 0, "on": ["any"]}
OVER = ("completed", "failed", "cancelled")


def those(keep: Callable[[Stage], object]) -> Any:
    """Return the mark that goes through the types whose stage has that."""
    return pytest.mark.parametrize("type_", [name for name, stage in STAGES.items() if keep(stage)])


def runs(stage: Stage) -> bool:
    return RUNS not in stage.without


@pytest.fixture
def room(bench: Bench, model_server: ModelServer, sink: Sink, settings: Any) -> Iterator[Room]:
    for slug in ("acme", "globex"):
        connect(bench, model_server.base_url, slug=slug)
    settings.EMAIL_BACKEND = "tests.contract.node_stages.Post"
    mail.outbox = []
    Post.slow.clear()
    Post.over.clear()
    yield Room(bench, model_server, sink)
    Post.over.set()


def staged(room: Room, type_: str) -> Stage:
    STAGES[type_].ready(room)
    return STAGES[type_]


def through(room: Room, stage: Stage, run: UUID) -> Any:
    """Advance the run, and bring what its node waits for, until the run is over or the node is done."""
    for _ in range(6):
        found = room.bench.advance(run)
        done = any(step.status == "completed" for step in room.bench.steps(run) if step.node == "n")
        if found.status in OVER or done or stage.wakes is None:
            return found
        stage.wakes(room, run)
    raise AssertionError("it waits for ever")


def finished(room: Room, stage: Stage, run: UUID) -> Any:
    """Advance the run to its end, past the approval after the node."""
    found = through(room, stage, run)
    return found if found.status in OVER else room.bench.advance(run)


def step_of(room: Room, run: UUID) -> Any:
    """Return the one step of the node."""
    [step] = [step for step in room.bench.steps(run) if step.node == "n"]
    return step


def test_every_type_has_a_stage_and_what_it_does_not_promise_has_a_reason() -> None:
    assert set(STAGES) == {kind.type for kind in registry.all_types()}
    for type_, stage in STAGES.items():
        assert {promise for promise in PROMISES if not stage.keeps(promise)} <= set(stage.without) <= set(PROMISES), (
            type_
        )
        assert all(reason.endswith(".") for reason in stage.without.values()), type_


@those(runs)
def test_it_gives_what_it_describes_and_what_it_asked_of_models_is_paid(room: Room, type_: str) -> None:
    stage = staged(room, type_)
    before = room.bench.usage().get("model_calls", 0)
    run = finished(room, stage, room.bench.start(document(type_, room)))
    assert run.status == "completed", run.error
    step = step_of(room, run.id)
    Draft202012Validator(registry.get(type_).output(stage.config(room))).validate(step.output)
    assert stage.outside(room) == stage.once
    assert (step.model_calls, run.model_calls) == (stage.calls, stage.calls)
    for paid in (step.tokens_in, step.cost_usd, run.cost_usd):
        assert (paid > 0) == (stage.calls > 0)
    assert (step.tokens_out > 0) == (stage.calls > 0 and stage.writes)
    assert room.bench.usage().get("model_calls", 0) - before == stage.calls
    assert is_untouched(room, "globex")


def is_untouched(room: Room, slug: str) -> bool:
    from workflows.models import Approval, Effect, Run

    with room.bench.inside(slug):
        return room.bench.usage(slug) == {} and not any(model.objects.exists() for model in (Run, Effect, Approval))


@those(lambda stage: stage.stumbles)
def test_what_may_pass_is_tried_again_as_the_policy_says(room: Room, type_: str) -> None:
    stage = staged(room, type_)
    stage.stumbles(room)
    run = finished(room, stage, room.bench.start(document(type_, room, retry=ONE_RETRY)))
    assert run.status == "completed", run.error
    assert (step_of(room, run.id).attempt, retried(room, run.id)) == (2, 1)
    assert stage.outside(room) == stage.once + 1, "what was done before it failed is not done again"


@those(lambda stage: stage.stumbles)
def test_without_a_policy_it_is_not(room: Room, type_: str) -> None:
    stage = staged(room, type_)
    stage.stumbles(room)
    run = finished(room, stage, room.bench.start(document(type_, room)))
    assert (run.status, run.error["node"], step_of(room, run.id).attempt) == ("failed", "n", 1)


@those(lambda stage: stage.breaks)
def test_what_does_not_pass_is_tried_as_often_as_the_policy_says_and_does_nothing(room: Room, type_: str) -> None:
    stage = staged(room, type_)
    run = finished(room, stage, room.bench.start(document(type_, room, change=stage.breaks, retry=ONE_RETRY)))
    assert (run.status, run.error["node"], step_of(room, run.id).attempt) == ("failed", "n", 2), run.error
    assert run.error["details"]["field"].startswith("config.")
    assert (retried(room, run.id), stage.outside(room), run.model_calls) == (1, 0, 0)


@those(lambda stage: stage.anew)
def test_what_waited_too_long_waits_again_as_the_policy_says(room: Room, type_: str) -> None:
    stage = staged(room, type_)
    run = room.bench.start(document(type_, room, timeout_s=60, retry=ONE_RETRY))
    assert room.bench.advance(run).status == "waiting"
    stage.lapses(room, run)
    found = room.bench.advance(run)
    assert (found.status, step_of(room, run).attempt, retried(room, run)) == ("waiting", 2, 1), found.error
    found = finished(room, stage, run)
    assert (found.status, step_of(room, run).attempt) == ("completed", 2), found.error
    with room.bench.inside():
        children = sorted(room.rows("Run", parent__run=run).values_list("status", flat=True))
    assert children in ([], ["cancelled", "completed"]), "nobody needs what came too late"


def retried(room: Room, run: UUID) -> int:
    """Return how often the run told that the node is tried again."""
    return sum(event.type == "step.retried" and event.data["node"] == "n" for event in room.bench.events(run))


@those(lambda stage: stage.slow or stage.wakes)
def test_a_cancelled_run_ends_while_it_works_or_waits(room: Room, type_: str) -> None:
    stage = staged(room, type_)
    if stage.slow is not None:
        stage.slow(room)
    run = room.bench.start(document(type_, room))
    if stage.wakes is not None:
        assert room.bench.advance(run).status == "waiting"
    canceller = cancel_soon(room.bench, run)
    found = room.bench.advance(run)
    canceller.join()
    if stage.wakes is not None:
        found = room.bench.advance(run)
    assert found.status == "cancelled"
    assert statuses(room, run) <= {"cancelled"}
    [asked] = [event for event in room.bench.events(run) if event.type.startswith("run.cancel")][:1]
    assert (found.finished_at - asked.at).total_seconds() < SLOW_S / 2


@those(lambda stage: stage.heavy)
def test_a_cancelled_run_does_not_compute_to_the_end(room: Room, type_: str) -> None:
    """What computes would be refused at last, as it takes too long: that is not waited for."""
    stage = staged(room, type_)
    run = room.bench.start(document(type_, room, change=stage.heavy), {"topic": LONG_TEXT})
    with cancelled_as_it_computes(room, run) as (cancellers, given):
        found = room.bench.advance(run)
        assert given == [], "neither its answer nor its limit was waited for"
    [canceller] = cancellers
    canceller.join()
    assert (found.status, found.error) == ("cancelled", None)
    assert statuses(room, run) <= {"cancelled"}


@contextmanager
def cancelled_as_it_computes(room: Room, run: UUID) -> Iterator[tuple[list[threading.Thread], list[Any]]]:
    """Cancel the run as soon as a child has taken what is heavy; give who cancels, and what the child gave: None by its limit."""
    cancellers: list[threading.Thread] = []
    given: list[Any] = []
    ask, await_answer = Child.ask, Child._await_answer
    heavy = threading.local()

    def asks(child: Child, request: dict[str, Any]) -> Any:
        heavy.asked = request.get("expression") == HEAVY or request.get("template") == HEAVY_TEXT
        answer = ask(child, request)
        if heavy.asked:
            given.append(answer)
        return answer

    def awaits(descriptor: int) -> None:
        if heavy.asked:
            cancellers.append(cancel_soon(room.bench, run, after="run.started"))
        await_answer(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Child, "ask", asks)
        patch.setattr(Child, "_await_answer", staticmethod(awaits))
        yield cancellers, given


def statuses(room: Room, run: UUID) -> set[str]:
    """Return how the node's step stands; one that computes is stored when it is over."""
    return {step.status for step in room.bench.steps(run) if step.node == "n"}


@those(runs)
def test_a_run_that_goes_on_elsewhere_does_nothing_again(room: Room, type_: str) -> None:
    stage = staged(room, type_)
    run = room.bench.start(document(type_, room, ask("q")))
    assert through(room, stage, run).status == "waiting"
    before = step_of(room, run)
    room.bench.forget_checkpoints(run)
    room.bench.decide(run, "approve")
    found = room.bench.advance(run)
    after = step_of(room, run)
    assert (found.status, found.model_calls) == ("completed", stage.calls), found.error
    assert (after.id, after.attempt, after.output) == (before.id, before.attempt, before.output)
    assert stage.outside(room) == stage.once


@those(runs)
def test_what_it_did_is_done_once_though_its_step_was_not_stored(
    room: Room, type_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is lost between what the node did and the commit of its step: the step is done again."""
    stage, lost, complete = staged(room, type_), [], Record.complete

    def breaks_once(record: Record, *given: Any) -> None:
        if record.plan.id == "n" and not lost:
            lost.append(record)
            raise OperationalError("the connection is lost")
        complete(record, *given)

    monkeypatch.setattr(Record, "complete", breaks_once)
    run = finished(room, stage, room.bench.start(document(type_, room)))
    assert (run.status, len(lost)) == ("completed", 1), run.error
    assert (stage.outside(room), run.model_calls) == (stage.once, stage.calls)


@those(lambda stage: stage.slow and not stage.without)
def test_it_is_ended_when_its_time_is_over(room: Room, type_: str) -> None:
    stage = staged(room, type_)
    stage.slow(room)
    began = time.monotonic()
    run = finished(room, stage, room.bench.start(document(type_, room, timeout_s=0.4)))
    assert (run.status, run.error["code"], run.error["node"]) == ("failed", "step_timed_out", "n")
    assert time.monotonic() - began < SLOW_S


@those(lambda stage: stage.heavy)
def test_what_computes_too_long_is_ended_too(room: Room, type_: str) -> None:
    stage = staged(room, type_)
    run = room.bench.start(document(type_, room, change=stage.heavy, timeout_s=0.4), {"topic": LONG_TEXT})
    found = room.bench.advance(run)
    assert (found.status, found.error["code"], found.error["node"]) == ("failed", "step_timed_out", "n")


@those(lambda stage: stage.lapses)
def test_what_it_waits_for_is_given_up_when_its_time_is_over(room: Room, type_: str) -> None:
    stage = staged(room, type_)
    run = room.bench.start(document(type_, room, timeout_s=60))
    assert room.bench.advance(run).status == "waiting"
    assert room.bench.advance(run).status == "waiting"
    stage.lapses(room, run)
    found = room.bench.advance(run)
    assert (found.status, found.error["node"]) == ("failed", "n")
    assert found.error["code"] in ("step_timed_out", "approval_overdue")
    nobody_waits(room, run)


def nobody_waits(room: Room, run: UUID) -> None:
    """What was waited for is over too: no question is open, and another run is asked to stop."""
    assert room.count("Approval", run=run, status="pending") == 0
    with room.bench.inside():
        children = list(room.rows("Run", parent__run=run).values_list("pk", flat=True))
    assert all(room.bench.advance(child).status == "cancelled" for child in children)


@pytest.mark.parametrize("type_", STAGES)
def test_a_wrong_config_is_refused_when_it_is_saved(room: Room, type_: str) -> None:
    stage = staged(room, type_)
    change, field = stage.wrong
    room.bench.workflow(document(type_, room), name="Right")
    with pytest.raises(DefinitionInvalid) as refused:
        room.bench.workflow(document(type_, room, change=change), name="Wrong")
    assert ("n", f"config.{field}") in {(problem.node, problem.field) for problem in refused.value.problems}
