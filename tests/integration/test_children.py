"""Runs that runs start: linked, awaited, cancelled and failed together, each started once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from tenants.context import enter_platform
from tenants.models import RunTicket
from tests.workbench import Bench, ask, definition, node, output, text
from workflows.actions.child_starts import MAX_DEPTH
from workflows.models import Run

INPUTS = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}


def calling(slug: str, n: str = "7", **more: Any) -> dict[str, Any]:
    call = node("call", "workflow", {"workflow": slug, "inputs": {"n": {"cel": n}}}, **more)
    return definition([call, output(got="{{ nodes.call.outputs.doubled }}")])


def doubling(*before: dict[str, Any]) -> dict[str, Any]:
    end = node("end", "output", {"outputs": {"doubled": {"cel": "inputs.n * 2"}}})
    return definition([*before, end], inputs=INPUTS)


def other(bench: Bench, document: dict[str, Any], slug: str = "acme") -> str:
    return str(bench.workflow(document, name="Other", slug=slug).slug)


def child_of(bench: Bench, run: UUID, slug: str = "acme") -> Run:
    with bench.inside(slug):
        return Run.objects.select_related("parent", "started_by").get(parent__run=run)


def both(bench: Bench, document: dict[str, Any]) -> tuple[UUID, Run]:
    """Start a run that calls a workflow of that definition, and return both runs; the first one waits."""
    run = bench.start(calling(other(bench, document)))
    assert (bench.advance(run).status, bench.run(run).waiting_for) == ("waiting", "callback")
    return run, child_of(bench, run)


def test_the_outputs_of_the_other_run_are_the_steps(bench: Bench) -> None:
    run, child = both(bench, doubling())
    assert (child.depth, child.inputs, child.started_by, child.parent.node) == (1, {"n": 7}, bench.user(), "call")
    assert bench.advance(child.id).status == "completed"
    assert bench.advance(run).outputs == {"got": "14"}


def test_however_often_the_message_comes_the_other_run_is_started_once(bench: Bench) -> None:
    run, child = both(bench, doubling())
    for _ in range(3):
        bench.advance(run)
    assert child_of(bench, run).pk == child.pk
    bench.advance(child.id)
    assert [bench.advance(run).status for _ in range(2)] == ["completed", "completed"]


def test_a_run_that_fails_fails_the_step_and_is_started_anew_when_that_is_retried(bench: Bench) -> None:
    from workflows.actions.runs import resume_run

    run, child = both(bench, doubling(text("a", "{{ inputs.n.x.y }}")))
    assert bench.advance(child.id).status == "failed"
    failed = bench.advance(run)
    assert (failed.error["code"], failed.error["details"]["run"]) == ("child_failed", str(child.id))
    with bench.inside():
        resume_run(actor=bench.user(), run=failed)
    assert bench.advance(run).status == "waiting"
    with bench.inside():
        assert Run.objects.filter(parent__run=run).count() == 2


def test_questions_inside_it_are_answered_there_and_both_go_on_once(bench: Bench) -> None:
    run, child = both(bench, doubling(ask("a"), ask("b")))
    for _ in range(2):
        assert bench.advance(child.id).status == "waiting"
        assert bench.advance(run).status == "waiting", "the other run's question is not its own"
        bench.decide(child.id, "approve")
    assert [bench.advance(child.id).status for _ in range(2)] == ["completed", "completed"]
    assert [bench.advance(run).outputs for _ in range(2)] == [{"got": "14"}, {"got": "14"}]
    types, inside = bench.types(run), bench.types(child.id)
    assert (types.count("run.resumed"), types.count("step.resumed"), types.count("run.completed")) == (1, 1, 1)
    assert inside.count("approval.requested") == inside.count("approval.decided") == 2
    assert inside.count("step.started") == inside.count("step.completed") == 3


def test_cancelling_a_run_cancels_what_it_waits_for(bench: Bench) -> None:
    from workflows.actions.runs import cancel_run

    run, child = both(bench, doubling(ask("a")))
    bench.advance(child.id)
    with bench.inside():
        cancel_run(actor=bench.user(), run=bench.run(run))
    assert (bench.run(run).status, bench.advance(child.id).status) == ("cancelled", "cancelled")


def test_a_branch_that_loses_gives_up_the_run_that_it_waits_for(bench: Bench) -> None:
    """The run goes on after the race: what nobody needs any more does not."""
    call = node("call", "workflow", {"workflow": other(bench, doubling(ask("a"))), "inputs": {"n": {"cel": "7"}}})
    nodes = [text("s"), call, ask("first"), node("j", "join", {"mode": "any"}), ask("q"), output()]
    run = bench.start(definition(nodes, ["s call", "s first", "call j", "first j", "j q", "q end"]))
    assert bench.advance(run).status == "waiting"
    child = child_of(bench, run)
    bench.advance(child.id)
    bench.decide(run, "approve")
    assert bench.advance(run).status == "waiting"
    assert {step.node: step.status for step in bench.steps(run)}["call"] == "cancelled"
    assert bench.advance(child.id).status == "cancelled"


def test_an_item_that_fails_gives_up_the_runs_of_the_others(bench: Bench) -> None:
    slug = other(bench, doubling(ask("a")))
    call = node("call", "workflow", {"workflow": slug, "inputs": {"n": {"cel": "nodes.m.item"}}})
    whole = node("m", "map", {"items": "dyn([1, 'two'])", "each": "call", "at_once": 1})
    made = definition([whole, output("end"), ask("q"), output("sorry")], ["m end", "m q error", "q sorry"])
    run = bench.start({**made, "nodes": [*made["nodes"], call]})
    assert bench.advance(run).status == "waiting"
    assert [step.status for step in bench.steps(run) if step.node == "call"] == ["cancelled", "failed"]
    assert bench.advance(child_of(bench, run).id).status == "cancelled"


def test_a_run_that_was_cancelled_fails_the_step_that_waits_for_it(bench: Bench) -> None:
    from workflows.actions.runs import cancel_run

    run, child = both(bench, doubling(ask("a")))
    with bench.inside():
        cancel_run(actor=bench.user(), run=bench.advance(child.id))
    assert bench.advance(run).error["message"].endswith("was cancelled.")


@pytest.mark.parametrize(
    ("slug", "n", "code"), [("other", "dyn('seven')", "inputs_invalid"), ("gone", "7", "workflow_missing")]
)
def test_what_cannot_be_started_fails_the_step(bench: Bench, slug: str, n: str, code: str) -> None:
    from workflows.actions.workflows import delete_workflow

    other(bench, doubling())
    gone = bench.workflow(doubling(), name="Gone")
    run = bench.start(calling(slug, n))
    with bench.inside():
        delete_workflow(actor=bench.user("owner"), workflow=gone)
    assert bench.advance(run).error["code"] == code


def test_runs_that_start_themselves_stop_somewhere(bench: Bench) -> None:
    from workflows.actions.workflows import publish_workflow, save_draft
    from workflows.models import Workflow

    slug = other(bench, doubling())
    with bench.inside():
        workflow = Workflow.objects.get(slug=slug)
        save_draft(actor=bench.user(), workflow=workflow, definition={**calling(slug), "inputs": INPUTS})
        publish_workflow(actor=bench.user(), workflow=workflow)
    run = bench.start(calling(slug))
    for depth in range(MAX_DEPTH):
        assert bench.advance(run).status == "waiting", depth
        run = child_of(bench, run).id
    assert bench.advance(run).error["code"] == "depth_exceeded"


def test_a_workflow_of_globex_is_not_acmes_to_call(bench: Bench) -> None:
    from workflows.actions.references import TenantReferences
    from workflows.definitions import validate

    slug = other(bench, doubling(), slug="globex")
    with bench.inside():
        problems = validate(calling(slug), TenantReferences())
    assert [(p.code, p.field) for p in problems] == [("unknown_workflow", "config.workflow")]


def test_a_worker_that_dies_at_the_start_has_started_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The link, the wait and the other run are one transaction: none of them is there without the others."""
    run = bench.start(calling(other(bench, doubling())))
    with monkeypatch.context() as patched:
        patched.setattr("workflows.engine.waits.start_child", _starts_and_dies)
        with pytest.raises(SystemExit):
            bench.advance(run)
    with bench.inside():
        assert not Run.objects.filter(parent__run=run).exists()
    with enter_platform():
        RunTicket.objects.filter(run=run).update(lease_until=timezone.now())
    bench.advance(run)
    assert child_of(bench, run).depth == 1


def _starts_and_dies(*given: Any) -> None:
    from workflows.actions import child_starts

    child_starts.start_child(*given)
    raise SystemExit
