"""What a run has other runs do is its own use too: the budgets of every run above a call, and of their workflows, hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.integration.test_budgets_asked import room_for_one
from tests.model_server import ModelServer
from tests.spending import budget, calls, connect, llm, windows
from tests.workbench import Bench, definition, node, output
from workflows.models import Run

ASKING = definition([llm("a", "First", max_tokens=50), output()])


@pytest.fixture
def model(bench: Bench, model_server: ModelServer) -> ModelServer:
    for slug in ("acme", "globex"):
        connect(bench, model_server.base_url, slug=slug)
    model_server.always("one two three four")
    return model_server


def calling(workflow: str, *ids: str) -> dict[str, Any]:
    """Return a definition that has the workflow run once for each id."""
    return definition([*(node(id_, "workflow", {"workflow": workflow}) for id_ in ids), output()])


def all_advanced(bench: Bench, run: Any, slug: str = "acme") -> Any:
    """Do what workers do with it and with all that it starts, as deep as that is; return it."""
    for _ in range(8):
        with bench.inside(slug):
            active = list(Run.objects.active().order_by("-depth").values_list("id", flat=True))
        for one in active:
            bench.advance(one, slug=slug)
    return bench.run(run, slug=slug)


def three_deep(bench: Bench, slug: str = "acme") -> Any:
    """Run a workflow that runs one twice that runs one that asks a model."""
    asking = bench.workflow(ASKING, name="Asking", slug=slug)
    between = bench.workflow(calling(asking.slug, "only"), name="Between", slug=slug)
    return all_advanced(bench, bench.start(calling(between.slug, "one", "two"), slug=slug), slug)


def used(bench: Bench, slug: str = "acme") -> dict[tuple[str, str], Decimal]:
    return {(window.subject, window.period): window.used for window in windows(bench, slug)}


def spent(bench: Bench, slug: str = "acme") -> list[int]:
    return [call.tokens_in + call.tokens_out for call in calls(bench, slug)]


def test_a_runs_budget_holds_for_all_that_it_starts(bench: Bench, model: ModelServer) -> None:
    budget(bench, scope="run", period="run", limit=10_000)
    run, other = three_deep(bench), three_deep(bench, "globex")
    assert (run.status, other.status) == ("completed", "completed")
    one, two = spent(bench)
    found = used(bench)
    assert found["", str(run.id)] == one + two
    assert sorted(found.values()) == sorted([one + two, one, one, two, two])
    assert windows(bench, "globex") == [], "another tenant's runs are under no budget"


def test_a_call_below_is_refused_by_the_budget_of_the_run_above(bench: Bench, model: ModelServer) -> None:
    room_for_one(bench, scope="run", period="run")
    run, other = three_deep(bench), three_deep(bench, "globex")
    with bench.inside():
        below = Run.objects.get(depth=2, status="waiting")
    assert (run.status, below.waiting_for) == ("waiting", "budget"), "each call fits its own run, not the one above"
    assert len(calls(bench)) == 1
    assert other.status == "completed"
    bench.decide(below.id, "approve", role="owner")
    assert bench.advance(below.id).status == "completed"


def test_a_workflows_budget_counts_what_it_has_others_do_once(bench: Bench, model: ModelServer) -> None:
    budget(bench, scope="workflow", period="month", limit=10_000)
    run = three_deep(bench)
    one, two = spent(bench)
    found = {subject: amount for (subject, _), amount in used(bench).items()}
    assert (run.status, len(found)) == ("completed", 3)
    assert set(found.values()) == {one + two}


def test_a_workflow_that_runs_itself_counts_each_call_once(bench: Bench, model: ModelServer) -> None:
    from workflows.actions.runs import start_run
    from workflows.actions.workflows import publish_workflow, update_workflow

    budget(bench, scope="workflow", period="month", limit=10_000)
    mine = bench.workflow(ASKING, name="Mine")
    again = definition([llm("a", "First", max_tokens=50), node("again", "workflow", {"workflow": mine.slug}), output()])
    with bench.inside():
        update_workflow(actor=bench.user(), workflow=mine, definition=again)
        publish_workflow(actor=bench.user(), workflow=mine)
        run = start_run(actor=bench.user(), workflow=mine, inputs={})
    all_advanced(bench, run.id)
    assert len(spent(bench)) > 3
    assert list(used(bench).values()) == [sum(spent(bench))]


def test_a_budget_set_meanwhile_counts_what_was_used_below(bench: Bench, model: ModelServer) -> None:
    asking = bench.workflow(ASKING, name="Asking")
    run = bench.start(calling(asking.slug, "one", "two"))
    bench.advance(run)
    for turn in range(2):
        with bench.inside():
            child = Run.objects.get(parent__run=run, parent__node=("one", "two")[turn])
        bench.advance(child.id)
        if not turn:
            budget(bench, scope="run", period="run", limit=10_000)
            bench.advance(run)
    assert used(bench)["", str(run)] == sum(spent(bench))
    assert len(spent(bench)) == 2


def test_what_the_run_above_was_allowed_is_for_those_below(bench: Bench, model: ModelServer) -> None:
    from agents.actions.budgets import allow_run

    means = room_for_one(bench, scope="run", period="run")
    asking = bench.workflow(ASKING, name="Asking")
    run = bench.start(calling(asking.slug, "one", "two"))
    with bench.inside():
        allow_run(actor=bench.user("owner"), budget=means, run=run, amount=Decimal(100))
    assert all_advanced(bench, run).status == "completed"
