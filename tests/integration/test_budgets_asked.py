"""A budget may ask a person: the run parks before the call, and goes on right there when more is allowed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nexod.kernel.errors import InvalidInput, PermissionDenied
from tenants.context import enter_platform
from tenants.models import RunTicket
from tests.model_server import ModelServer
from tests.spending import budget, calls, connect, holds, llm, windows
from tests.workbench import Bench, definition, output

TWO = definition([llm("a", "First", max_tokens=50), llm("b", "Second", max_tokens=50), output(x="{{ nodes.b.text }}")])


@pytest.fixture
def model(bench: Bench, model_server: ModelServer) -> ModelServer:
    connect(bench, model_server.base_url)
    model_server.always("one two three four")
    return model_server


def room_for_one(bench: Bench, **more: Any) -> Any:
    """Set a budget that has room for one call, and not for a second beside what the first one used."""
    from agents.llm.budget import estimated
    from agents.llm.connections import endpoint_for
    from agents.llm.endpoint import Ask

    with bench.inside():
        wanted = estimated(endpoint_for(), Ask(({"role": "user", "content": "First"},), max_tokens=50))
    return budget(bench, limit=wanted.tokens_in + wanted.tokens_out + 3, on_exceeding="ask", **more)


def approvals(bench: Bench, run: Any) -> list[Any]:
    from workflows.models import Approval

    with bench.inside():
        return list(Approval.objects.filter(run=run.id).order_by("created_at"))


def parked(bench: Bench) -> Any:
    run = bench.ran(TWO)
    assert (run.status, run.waiting_for) == ("waiting", "budget"), run.error
    return run


def is_due(run: Any) -> None:
    """Let the time have come that the run's ticket waits for."""
    with enter_platform():
        RunTicket.objects.filter(run=run).update(state="ready", not_before=None)


def raises(bench: Bench) -> list[Any]:
    from agents.models import BudgetRaise

    with bench.inside():
        return list(BudgetRaise.objects.select_related("by").order_by("created_at"))


def test_the_run_parks_and_says_what_for(bench: Bench, model: ModelServer) -> None:
    means = room_for_one(bench)
    run = parked(bench)
    [asked] = approvals(bench, run)
    assert (asked.kind, asked.budget_id, asked.status) == ("budget", means.pk, "pending")
    assert asked.roles == ["owner", "admin"]
    assert "Allow more? Means" in asked.title
    assert "may use" in asked.instructions
    assert asked.allowance >= means.limit
    assert bench.types(run.id)[-3:] == ["budget.exceeded", "approval.requested", "run.waiting"]
    assert len(model.requests) == 1
    assert holds(bench) == [], "who waits holds nothing"


def test_approved_the_run_goes_on_there_and_nothing_is_paid_twice(bench: Bench, model: ModelServer) -> None:
    means = room_for_one(bench)
    run = parked(bench)
    bench.decide(run.id, "approve", role="admin", comment="It is worth it")
    done = bench.advance(run.id)
    assert done.status == "completed", done.error
    assert [request.last for request in model.requests] == ["First", "Second"]
    assert len(calls(bench)) == 2 == done.model_calls
    [allowed] = raises(bench)
    assert (allowed.run, allowed.by.email, allowed.comment) == (run.id, bench.user("admin").email, "It is worth it")
    assert allowed.limit == means.limit
    assert bench.types(run.id).count("budget.exceeded") == 1


def test_what_one_run_was_allowed_is_no_others(bench: Bench, model: ModelServer) -> None:
    room_for_one(bench)
    run = parked(bench)
    bench.decide(run.id, "approve", role="owner")
    bench.advance(run.id)
    other = bench.ran(TWO)
    assert (other.status, other.waiting_for) == ("waiting", "budget")


def test_a_new_limit_is_for_everybody_and_wakes_who_waits(bench: Bench, model: ModelServer) -> None:
    from workflows.actions.budget_questions import reconsider

    means = room_for_one(bench)
    runs = [parked(bench), parked(bench)]
    bench.decide(runs[0].id, "edit", role="owner", content="5,000")
    with bench.inside():
        assert reconsider(means.pk) == 1
        assert reconsider(means.pk) == 0
    assert [bench.advance(run.id).status for run in runs] == ["completed", "completed"]
    [asked] = approvals(bench, runs[1])
    assert asked.status == "withdrawn"
    [written] = raises(bench)
    assert (float(written.limit), written.run) == (5000, None)
    assert written.amount == 5000 - means.limit


def test_rejected_the_run_fails(bench: Bench, model: ModelServer) -> None:
    room_for_one(bench)
    run = parked(bench)
    bench.decide(run.id, "reject", role="owner")
    done = bench.advance(run.id)
    assert (done.status, done.error["code"]) == ("failed", "budget_exhausted")
    assert len(model.requests) == 1


def test_tried_again_after_a_no_it_asks_again(bench: Bench, model: ModelServer) -> None:
    from tests.integration.test_effects import resume

    room_for_one(bench)
    run = parked(bench)
    bench.decide(run.id, "reject", role="owner")
    bench.advance(run.id)
    again = resume(bench, run.id)
    assert (again.status, again.waiting_for) == ("waiting", "budget")
    assert len(approvals(bench, run)) == 2


def test_a_budget_that_was_raised_meanwhile_asks_nobody(bench: Bench, model: ModelServer) -> None:
    from agents.actions.budgets import update_budget
    from workflows.actions.budget_questions import reconsider

    means = room_for_one(bench)
    run = parked(bench)
    with bench.inside():
        update_budget(actor=bench.user("owner"), budget=means, limit=10_000)
        reconsider(means.pk)
    assert bench.advance(run.id).status == "completed"


def test_a_budget_that_is_gone_asks_nobody(bench: Bench, model: ModelServer) -> None:
    from agents.actions.budgets import delete_budget
    from workflows.actions.budget_questions import reconsider

    means = room_for_one(bench)
    run = parked(bench)
    with bench.inside():
        pk = means.pk
        delete_budget(actor=bench.user("owner"), budget=means)
        assert reconsider(pk) == 1
    assert bench.advance(run.id).status == "completed"


@pytest.mark.parametrize("content", ["", "much", "1", "nan", "-5", "inf"])
def test_a_limit_that_is_no_raise_is_refused(bench: Bench, model: ModelServer, content: str) -> None:
    room_for_one(bench)
    run = parked(bench)
    with pytest.raises(InvalidInput):
        bench.decide(run.id, "edit", role="owner", content=content)
    assert bench.run(run.id).status == "waiting"
    assert raises(bench) == []


@pytest.mark.parametrize("role", ["editor", "approver", "viewer"])
def test_only_who_may_raise_it_decides(bench: Bench, model: ModelServer, role: str) -> None:
    room_for_one(bench)
    run = parked(bench)
    with pytest.raises(PermissionDenied):
        bench.decide(run.id, "approve", role=role)


def test_it_asks_again_when_that_is_used_up_too(bench: Bench, model: ModelServer) -> None:
    from decimal import Decimal

    from workflows.models import Approval

    room_for_one(bench)
    run = parked(bench)
    with bench.inside():
        Approval.objects.filter(run=run.id).update(allowance=Decimal(1))
    bench.decide(run.id, "approve", role="owner")
    again = bench.advance(run.id)
    assert (again.status, again.waiting_for) == ("waiting", "budget")
    assert [asked.status for asked in approvals(bench, run)] == ["decided", "pending"]
    assert windows(bench)[0].used == calls(bench)[0].tokens_in + calls(bench)[0].tokens_out


def test_tokens_are_asked_for_whatever_a_model_costs(bench: Bench, model_server: ModelServer) -> None:
    connect(bench, model_server.base_url, price_in_usd=0, price_out_usd=0)
    model_server.always("one two three four")
    room_for_one(bench)
    run = parked(bench)
    bench.decide(run.id, "approve", role="owner")
    assert bench.advance(run.id).status == "completed"
    assert [call.price_known for call in calls(bench)] == [False, False]


def test_dollars_without_a_price_are_asked_of_nobody_even_beside_tokens(
    bench: Bench, model_server: ModelServer
) -> None:
    connect(bench, model_server.base_url, price_in_usd=0, price_out_usd=0)
    for name, unit in (("A: tokens", "tokens"), ("B: dollars", "usd")):
        budget(bench, name=name, unit=unit, limit=1, on_exceeding="ask")
    run = bench.ran(TWO)
    assert (run.status, run.error["code"]) == ("failed", "budget_exhausted")
    assert "nobody knows" in run.error["message"]
    assert approvals(bench, run) == []


@pytest.mark.parametrize("period", ["day", "month"])
def test_when_the_next_period_begins_the_run_looks_by_itself(bench: Bench, model: ModelServer, period: str) -> None:
    from agents.models import BudgetWindow
    from workflows.models import Approval

    room_for_one(bench, period=period)
    run = parked(bench)
    due = bench.ticket(run.id).not_before
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    begins = midnight + timedelta(1) if period == "day" else (midnight.replace(day=1) + timedelta(32)).replace(day=1)
    assert due is not None
    assert abs(due - begins) < timedelta(seconds=30)

    with bench.inside():  # As if all of it had been in the period before.
        BudgetWindow.objects.update(period="2020-01-01" if period == "day" else "2020-01", used=1000)
        BudgetWindow.objects.create(
            budget=BudgetWindow.objects.get().budget, period=f"{now:%Y-%m-%d}" if period == "day" else f"{now:%Y-%m}",
            counted=True, updated_at=now,
        )  # fmt: skip
        Approval.objects.update(updated_at=begins - timedelta(70))
    is_due(run.id)
    done = bench.advance(run.id)
    assert done.status == "completed", done.error
    assert [asked.status for asked in approvals(bench, run)] == ["withdrawn"]
    assert len(model.requests) == 2


def test_within_the_period_a_run_that_is_woken_still_asks(bench: Bench, model: ModelServer) -> None:
    room_for_one(bench, period="day")
    run = parked(bench)
    is_due(run.id)
    assert bench.advance(run.id).waiting_for == "budget"
    [asked] = approvals(bench, run)
    assert asked.status == "pending"
    assert bench.types(run.id).count("approval.requested") == 1, "nobody is asked anew"
    assert len(model.requests) == 1


def test_a_budget_without_an_end_wakes_nobody(bench: Bench, model: ModelServer) -> None:
    room_for_one(bench, period="total")
    assert bench.ticket(parked(bench).id).not_before is None
