"""Usage, model calls and budgets over the API."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from agents.models import Budget, ModelCall, UsageDay
from nexod.kernel.identifiers import new_id
from tenants.context import enter_tenant

ROOT = Path(__file__).parents[2]
TODAY = datetime.now(UTC).date()
MEANS = {"name": "Means", "scope": "tenant", "period": "month", "unit": "usd", "limit": 5}
GROUPS = ("day", "agent", "workflow", "user", "connection", "model", "run")


def answer(ask: Any, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
    found = ask(method, path, body)
    assert found.status_code == status, found.content
    return found.json() if found.content else None


@pytest.fixture
def used(acme: Any, person: Any) -> Any:
    """Let acme have used two models for two agents on two days: as the run's commit writes it."""
    owner = person("acme", "owner")
    runs = [new_id(), new_id()]
    with enter_tenant(acme):
        for number, (agent, model) in enumerate([("writer", "big"), ("writer", "small"), ("finder", "small")] * 2):
            day = TODAY - timedelta(days=number // 3)
            amounts = {"tokens_in": 10 + number, "tokens_out": 5, "cost_usd": Decimal("0.1") * (number + 1)}
            which = {
                "agent": agent,
                "model": model,
                "workflow": "briefing",
                "user": str(owner.pk),
                "connection": "test",
            }
            at = datetime.combine(day, datetime.min.time(), UTC) + timedelta(seconds=number)
            ModelCall.objects.create(
                run=runs[number % 2], step=new_id(), node="n", outcome="answered", created_at=at, **which, **amounts
            )
            UsageDay.objects.create(day=day, model_calls=1, **which, **amounts)
    return runs


@pytest.mark.parametrize("group", GROUPS)
def test_every_grouping_adds_up_to_the_same(program: Any, used: Any, group: str) -> None:
    found = program("acme", "viewer").get(f"usage?group_by={group}")["breakdown"]
    assert found["group_by"] == group
    assert found["total"]["cost_usd"] == pytest.approx(2.1)
    assert sum(row["model_calls"] for row in found["groups"]) == 6 == found["total"]["model_calls"]
    assert sum(row["tokens_in"] for row in found["groups"]) == found["total"]["tokens_in"] == 75


def test_groups_have_names_and_the_dearest_is_first(program: Any, used: Any) -> None:
    viewer = program("acme", "viewer")
    agents = viewer.get("usage?group_by=agent")["breakdown"]["groups"]
    assert [(row["key"], round(row["cost_usd"], 6)) for row in agents] == [("writer", 1.2), ("finder", 0.9)]
    [user] = viewer.get("usage?group_by=user")["breakdown"]["groups"]
    assert user["name"] != user["key"]
    days = viewer.get("usage?group_by=day")["breakdown"]["groups"]
    assert [row["key"] for row in days] == [str(TODAY - timedelta(days=1)), str(TODAY)]


def test_a_period_is_both_days_included(program: Any, used: Any) -> None:
    found = program("acme", "viewer").get(f"usage?group_by=agent&from={TODAY}&to={TODAY}")["breakdown"]
    assert (found["first"], found["last"], found["total"]["model_calls"]) == (str(TODAY), str(TODAY), 3)


@pytest.mark.parametrize(
    "query", ["group_by=shoe", "group_by=day&from=yesterday", "group_by=day&from=2020-01-01", "group_by=run&from=2026-01-01",
              "group_by=day&from=2026-02-02&to=2026-02-01"],
)  # fmt: skip
def test_what_cannot_be_added_up_is_refused(program: Any, used: Any, query: str) -> None:
    answer(program("acme", "viewer"), "get", f"usage?{query}", status=400)


def test_without_a_grouping_the_standing_is_as_ever(program: Any, used: Any) -> None:
    found = program("acme", "viewer").get("usage")
    assert found["breakdown"] is None
    assert {"tokens_per_month", "cost_usd_per_month", "runs_per_day"} <= found["plan"].keys()


def test_the_other_tenant_used_nothing(program: Any, used: Any) -> None:
    assert program("globex", "owner").get("usage?group_by=agent")["breakdown"]["groups"] == []
    assert program("globex", "owner").get("model-calls")["results"] == []
    assert program("globex", "owner").get("budgets")["results"] == []


def test_calls_are_filtered_and_paged(program: Any, used: Any) -> None:
    viewer = program("acme", "viewer")
    page = viewer.get("model-calls?agent=writer&limit=3")
    assert len(page["results"]) == 3
    assert {call["agent"] for call in page["results"]} == {"writer"}
    assert len(viewer.get(page["next"].split("/api/v1/")[1])["results"]) == 1
    assert len(viewer.get(f"model-calls?run={used[0]}")["results"]) == 3
    assert viewer.get("model-calls?outcome=failed")["results"] == []


@pytest.mark.parametrize(
    ("which", "index"),
    [
        ("agent", "model_call_by_agent"), ("model", "model_call_by_model"), ("workflow", "model_call_by_workflow"),
        ("user", "model_call_by_user"),
    ],
)  # fmt: skip
def test_a_list_of_calls_reads_an_index(acme: Any, which: str, index: str) -> None:
    with enter_tenant(acme), connection.cursor() as cursor:
        # In an empty table every index costs the same, and the planner takes any.
        ModelCall.objects.bulk_create(
            ModelCall(run=new_id(), step=new_id(), node="n", outcome="answered", **{which: f"{which} {number}"})
            for number in range(500)
        )
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        rows = ModelCall.objects.filter(**{which: "x"}).order_by("-created_at")[:50]
        sql, values = rows.query.sql_with_params()
        cursor.execute(f"EXPLAIN {sql}", values)
        assert index in "\n".join(row[0] for row in cursor.fetchall())


def test_a_budget_goes_in_and_comes_out_with_how_it_stands(program: Any, used: Any) -> None:
    owner = program("acme", "owner")
    made = answer(owner, "post", "budgets", MEANS, status=201)
    assert (made["limit"], made["on_exceeding"], made["warn_at"], made["used"]) == (5, "stop", 80, 0)
    changed = answer(owner, "patch", f"budgets/{made['id']}", {"limit": 7.5})
    assert changed["limit"] == 7.5
    shown = owner.get(f"budgets/{made['id']}")
    [raised] = shown["raises"]
    assert (raised["amount"], raised["limit"], raised["run"]) == (2.5, 7.5, None)
    assert shown["windows"] == []
    answer(owner, "delete", f"budgets/{made['id']}", status=204)
    assert owner.get("budgets")["results"] == []


def test_what_a_budget_adds_up_cannot_be_changed(program: Any, acme: Any) -> None:
    owner = program("acme", "owner")
    made = answer(owner, "post", "budgets", MEANS, status=201)
    answer(owner, "patch", f"budgets/{made['id']}", {"period": "day"}, status=400)
    with enter_tenant(acme):
        assert Budget.objects.get().period == "month"


@pytest.mark.parametrize("role", ["editor", "approver", "viewer"])
def test_others_see_budgets_and_do_not_set_them(program: Any, role: str) -> None:
    owner = program("acme", "owner")
    made = answer(owner, "post", "budgets", MEANS, status=201)
    other = program("acme", role)
    assert len(other.get("budgets")["results"]) == 1
    answer(other, "post", "budgets", MEANS, status=403)
    answer(other, "patch", f"budgets/{made['id']}", {"limit": 9}, status=403)
    answer(other, "delete", f"budgets/{made['id']}", status=403)


def test_the_budget_of_the_howto_is_taken(program: Any, acme: Any) -> None:
    from agents.models import Agent

    with enter_tenant(acme):
        Agent.objects.create(slug="researcher", name="Researcher", role="r", goal="g")
    told = (ROOT / "docs/howto/set-a-budget.md").read_text().split("```json\n")[1].split("```")[0]
    made = answer(program("acme", "owner"), "post", "budgets", json.loads(told), status=201)
    assert (made["whom"], made["limit"], made["on_exceeding"]) == ("researcher", 5, "ask")
