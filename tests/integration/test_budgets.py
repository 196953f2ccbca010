"""Budgets are asked before a call is made: what does not fit is not asked of any model."""

from __future__ import annotations

from typing import Any

import pytest

from nexod.kernel.errors import InvalidInput, PermissionDenied
from tests.model_server import ModelServer, Status, Text
from tests.spending import budget, calls, connect, holds, llm, windows
from tests.workbench import Bench, definition, node, output

WORDS = "one two three four"


@pytest.fixture
def model(bench: Bench, model_server: ModelServer) -> ModelServer:
    for slug in ("acme", "globex"):
        connect(bench, model_server.base_url, slug=slug)
    model_server.always(WORDS)
    return model_server


def one(**config: Any) -> Any:
    return definition([llm(max_tokens=50, **config), output()])


def agent_run(slug: str, **more: Any) -> Any:
    return definition([node("think", "agent", {"agent": slug, "prompt": "Hm?"}), output()], **more)


def test_a_call_that_does_not_fit_is_not_made(bench: Bench, model: ModelServer) -> None:
    means = budget(bench, limit=20)
    run = bench.ran(one())
    assert model.requests == []
    assert (run.status, run.error["code"]) == ("failed", "budget_exhausted")
    assert run.error["details"]["budget"] == str(means.pk)
    assert run.error["details"]["limit"] == 20
    assert run.error["details"]["wanted"] > 50
    [event] = [event.data for event in bench.events(run.id) if event.type == "budget.exceeded"]
    assert (event["name"], event["handling"], event["unit"]) == ("Means", "stop", "tokens")
    assert holds(bench) == []


def test_what_fits_is_made_and_counted_to_the_token(bench: Bench, model: ModelServer) -> None:
    budget(bench, limit=200)
    run = bench.ran(one())
    assert run.status == "completed"
    [window] = windows(bench)
    assert window.used == run.tokens_in + run.tokens_out
    assert holds(bench) == []


def test_what_was_used_before_the_budget_was_set_counts(bench: Bench, model: ModelServer) -> None:
    before = bench.ran(one())
    budget(bench, limit=200)
    after = bench.ran(one())
    [window] = windows(bench)
    assert window.used == sum(run.tokens_in + run.tokens_out for run in (before, after))


def test_a_budget_of_one_tenant_is_not_anothers(bench: Bench, model: ModelServer) -> None:
    budget(bench, limit=1)
    assert bench.ran(one()).status == "failed"
    run = bench.start(one(), slug="globex")
    assert bench.advance(run, slug="globex").status == "completed"
    assert windows(bench, "globex") == []


@pytest.mark.parametrize("scope", ["tenant", "user", "workflow", "run"])
def test_each_kind_of_budget_holds(bench: Bench, model: ModelServer, scope: str) -> None:
    run = bench.ran(one())
    budget(bench, scope=scope, period="run" if scope == "run" else "day", limit=run.tokens_in + run.tokens_out + 20)
    again = bench.ran(one())
    assert again.status == "failed"
    [window] = windows(bench)
    with bench.inside():
        slug = again.workflow.slug
    subjects = {"tenant": "", "run": "", "user": str(run.started_by_id), "workflow": slug}
    assert window.subject == subjects[scope]


def test_an_agents_budget_is_its_own(bench: Bench, model: ModelServer) -> None:
    from agents.actions.agents import create_agent

    with bench.inside():
        for name in ("Frugal", "Free"):
            create_agent(actor=bench.user("owner"), name=name, role=name, goal="g", max_tokens=50)
    budget(bench, scope="agent", whom="frugal", limit=20)
    assert bench.ran(agent_run("frugal")).error["code"] == "budget_exhausted"
    assert bench.ran(agent_run("free")).status == "completed"
    [call] = calls(bench)
    assert call.agent == "free"


def test_without_a_name_each_has_the_budget_for_itself(bench: Bench, model: ModelServer) -> None:
    budget(bench, scope="workflow", limit=120)
    runs = [bench.ran(one()) for _ in range(3)]
    assert [run.status for run in runs] == ["completed"] * 3
    assert len({window.subject for window in windows(bench)}) == 3


def test_dollars_need_a_price(bench: Bench, model_server: ModelServer) -> None:
    connect(bench, model_server.base_url, price_in_usd=0, price_out_usd=0)
    budget(bench, unit="usd", limit=1000)
    run = bench.ran(one())
    assert run.error["code"] == "budget_exhausted"
    assert "nobody knows what 'scripted' costs" in run.error["message"]
    assert model_server.requests == []


def test_dollars_are_counted_in_millionths(bench: Bench, model: ModelServer) -> None:
    budget(bench, unit="usd", limit="0.01")
    run = bench.ran(one())
    [window] = windows(bench)
    assert window.used == run.cost_usd > 0


def test_every_budget_of_a_call_counts(bench: Bench, model: ModelServer) -> None:
    for name, limit in (("Wide", 1000), ("Narrow", 20)):
        budget(bench, name=name, limit=limit)
    budget(bench, name="Daily", period="day", limit=1000)
    run = bench.ran(one())
    assert run.error["details"]["name"] == "Narrow"
    assert holds(bench) == [], "where one refuses, none holds"
    assert [window.used for window in windows(bench)] == [0, 0, 0]


def test_a_budget_that_is_off_is_not_obeyed(bench: Bench, model: ModelServer) -> None:
    budget(bench, limit=1, is_active=False)
    assert bench.ran(one()).status == "completed"


def test_a_cheaper_model_is_asked_where_the_budget_says_so(bench: Bench, model_server: ModelServer) -> None:
    from agents.actions.agents import create_agent
    from agents.actions.connections import create_connection

    connect(bench, model_server.base_url)
    with bench.inside():
        owner = bench.user("owner")
        dear, _ = (
            create_connection(
                actor=owner, name=name, base_url=model_server.base_url, model_names=[name.lower()],
                price_in_usd=price, price_out_usd=price,
            )
            for name, price in (("Dear", 1000), ("Cheap", 1))
        )  # fmt: skip
        create_agent(
            actor=owner, name="Chooser", role="Chooser", goal="g", connection=dear, max_tokens=50,
            fallbacks=[{"connection": "cheap", "model": ""}],
        )  # fmt: skip
    budget(bench, unit="usd", limit="0.01", on_exceeding="fall_back")
    run = bench.ran(agent_run("chooser"))
    assert run.status == "completed", run.error
    assert {request.body["model"] for request in model_server.requests} == {"cheap"}
    told = bench.types(run.id)
    assert told.index("budget.exceeded") < told.index("model.fell_back") < told.index("model.called")


def test_a_call_that_fails_gives_its_room_back(bench: Bench, model: ModelServer) -> None:
    budget(bench, limit=150)
    model.answer(Status(500), Status(500), Text(WORDS))
    run = bench.ran(one())
    assert run.status == "completed", run.error
    assert holds(bench) == []
    assert windows(bench)[0].used == run.tokens_in + run.tokens_out


def test_a_cancelled_call_gives_its_room_back(bench: Bench, model: ModelServer) -> None:
    import threading
    import time

    from tests.integration.test_runs_stops import cancel_soon
    from tests.model_server import Hang

    budget(bench, limit=150)
    model.answer(Hang(5))
    run = bench.start(one())
    canceller = cancel_soon(bench, run)
    bench.advance(run)
    canceller.join()
    until = time.monotonic() + 8
    while holds(bench) and time.monotonic() < until:
        time.sleep(0.1)
    assert holds(bench) == []
    assert threading.active_count() > 0


def test_a_plans_limit_of_a_month_holds_too(bench: Bench, model: ModelServer) -> None:
    from tenants.context import enter_platform
    from tenants.models import Plan

    plan = bench.tenant("acme").plan_id
    first = bench.ran(one())
    with enter_platform():
        Plan.objects.filter(pk=plan).update(tokens_per_month=first.tokens_in + first.tokens_out + 20)
    try:
        second = bench.ran(one())
    finally:
        with enter_platform():
            Plan.objects.filter(pk=plan).update(tokens_per_month=0)
    assert (first.status, second.status) == ("completed", "failed"), first.error
    assert (second.error["code"], second.error["details"]["budget"]) == ("budget_exhausted", "plan")
    assert second.error["details"]["used"] == first.tokens_in + first.tokens_out
    assert len(model.requests) == 1
    assert bench.ran(one()).status == "completed"


def test_people_are_told_once_when_most_is_used(bench: Bench, model: ModelServer) -> None:
    from collaboration.actions.notify import notify_budget
    from collaboration.models import Notification

    budget(bench, limit=150, warn_at=40)
    bench.ran(one())
    [window] = windows(bench)
    assert window.warned
    with bench.inside():
        assert notify_budget(window_id=window.pk) == 2, "an owner and an admin"
        assert notify_budget(window_id=window.pk) == 0
        assert {row.kind for row in Notification.objects.all()} == {"budget.near"}
    with bench.inside("globex"):
        assert notify_budget(window_id=window.pk) == 0


def test_who_works_within_limits_does_not_set_them(bench: Bench) -> None:
    from agents.actions.budgets import create_budget, delete_budget, update_budget

    means = budget(bench)
    with bench.inside():
        for role in ("editor", "approver", "viewer"):
            actor = bench.user(role)
            for act in (
                lambda actor=actor: create_budget(actor=actor, name="x", scope="tenant", period="day", limit=1),
                lambda actor=actor: update_budget(actor=actor, budget=means, limit=9999),
                lambda actor=actor: delete_budget(actor=actor, budget=means),
            ):
                with pytest.raises(PermissionDenied):
                    act()


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope": "run", "period": "day"},
        {"scope": "tenant", "whom": "x"},
        {"scope": "agent", "whom": "nobody"},
        {"scope": "user", "whom": "x"},
        {"limit": -1},
        {"warn_at": 101},
    ],
)
def test_a_budget_that_could_not_count_is_refused(bench: Bench, wrong: dict[str, Any]) -> None:
    from django.core.exceptions import ValidationError

    with pytest.raises((InvalidInput, ValidationError)):
        budget(bench, **wrong)
