"""Usage, budgets and model calls in the admin."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import Budget, BudgetRaise, ModelCall, UsageDay
from tenants.context import enter_tenant
from tests.content import fill

PAGES = ("agents/usageday/", "agents/budget/", "agents/modelcall/")


@pytest.fixture
def content(acme: Any, person: Any) -> Any:
    owner = person("acme", "owner")
    with enter_tenant(acme):
        return fill(owner)


def page(visit: Any, path: str, role: str = "owner", slug: str = "acme") -> str:
    found = visit(slug, role).get(f"/admin/{path}")
    assert found.status_code == 200, found
    return str(found.content.decode())


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("role", ["owner", "viewer"])
def test_everybody_sees_what_is_used(visit: Any, content: Any, path: str, role: str) -> None:
    assert page(visit, path, role)


@pytest.mark.parametrize("path", PAGES)
def test_the_other_tenant_sees_nothing_of_it(visit: Any, content: Any, path: str) -> None:
    assert "agent-one" not in page(visit, path, slug="globex")
    assert "Means one" not in page(visit, path, slug="globex")


@pytest.mark.parametrize("by", ["agent", "workflow", "user", "model", "connection"])
def test_usage_is_charted_by_day_and_tabled(visit: Any, content: Any, by: str) -> None:
    text = words(page(visit, f"agents/usageday/?by={by}&days=7"))
    key = {"agent": "Agent one", "user": str(content.user), "model": "m"}.get(
        by, "No workflow" if by == "workflow" else "—"
    )
    assert f"{key} 1 0 10 0 5 $1.00" in text
    assert "Together 1 0 10 0 5 $1.00" in text


def test_usage_of_one_agent_alone(visit: Any, content: Any, acme: Any) -> None:
    with enter_tenant(acme):
        UsageDay.objects.create(day=content.usage_day.day, agent="other", model="m", cost_usd=7, model_calls=1)
    assert "Together 2" in words(page(visit, "agents/usageday/?by=model"))
    text = words(page(visit, "agents/usageday/?by=model&agent=other"))
    assert "Agent: other" in text
    assert "Together 1 0 0 0 0 $7.00" in text


def test_a_budget_shows_how_it_stands_and_who_allowed_more(visit: Any, content: Any) -> None:
    listed = words(page(visit, "agents/budget/"))
    assert "$2.00 of $5.00, $1.00 held" in listed
    assert "Has room" in listed
    shown = words(page(visit, f"agents/budget/{content.budget.pk}/change/"))
    assert "one run" in shown
    assert "Limit since then" in shown


def test_a_new_limit_is_written_down_with_its_reason(visit: Any, content: Any, acme: Any) -> None:
    change = {
        "name": "Means one",
        "limit": "9",
        "comment": "More work",
        "on_exceeding": "ask",
        "warn_at": "70",
        "is_active": "on",
    }
    answer = visit("acme", "owner").post(f"/admin/agents/budget/{content.budget.pk}/change/", change)
    assert answer.status_code == 302, words(answer.content.decode())
    with enter_tenant(acme):
        budget = Budget.objects.get(pk=content.budget.pk)
        assert (float(budget.limit), budget.on_exceeding, budget.warn_at) == (9, "ask", 70)
        newest = BudgetRaise.objects.filter(budget=budget).first()
        assert (float(newest.amount), newest.comment, newest.run) == (4, "More work", None)


def test_a_budget_is_made_for_an_agent(visit: Any, content: Any, acme: Any) -> None:
    new = {
        "name": "Writer's", "scope": "agent", "whom": "agent-one", "unit": "tokens", "period": "day", "limit": "500",
        "on_exceeding": "stop", "warn_at": "80", "is_active": "on",
    }  # fmt: skip
    answer = visit("acme", "owner").post("/admin/agents/budget/add/", new)
    assert answer.status_code == 302, words(answer.content.decode())
    with enter_tenant(acme):
        assert Budget.objects.get(name="Writer's").whom == "agent-one"


def test_what_makes_no_sense_is_said_at_the_field(visit: Any, content: Any, acme: Any) -> None:
    new = {
        "name": "No", "scope": "run", "whom": "", "unit": "usd", "period": "day", "limit": "5", "on_exceeding": "stop",
        "warn_at": "80",
    }  # fmt: skip
    answer = visit("acme", "owner").post("/admin/agents/budget/add/", new)
    assert "The budget of each run lasts a run." in answer.content.decode()
    with enter_tenant(acme):
        assert not Budget.objects.filter(name="No").exists()


def test_editors_read_budgets_and_do_not_write_them(visit: Any, content: Any) -> None:
    assert "Means one" in page(visit, "agents/budget/", "editor")
    assert visit("acme", "editor").get("/admin/agents/budget/add/").status_code == 403
    answer = visit("acme", "editor").post(f"/admin/agents/budget/{content.budget.pk}/change/", {"limit": "99"})
    assert answer.status_code == 403


def test_a_call_leads_to_its_run(visit: Any, content: Any) -> None:
    client = visit("acme", "viewer")
    run = f"/admin/workflows/run/{content.run.pk}/change/"
    assert run in page(visit, "agents/modelcall/", "viewer")
    answer = client.get(f"/admin/agents/modelcall/{content.model_call.pk}/change/")
    assert (answer.status_code, answer["location"]) == (302, run)


@pytest.mark.parametrize("path", PAGES)
def test_more_rows_cost_no_more_queries(visit: Any, content: Any, acme: Any, path: str) -> None:
    client = visit("acme", "owner")

    def asked() -> int:
        client.get(f"/admin/{path}")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/admin/{path}").status_code == 200
        return len(queries)

    before = asked()
    with enter_tenant(acme):
        for number in range(3):
            fill(content.user, mark=f"more{number}")
            ModelCall.objects.create(
                run=content.run.pk, step=content.step.pk, node="n", model="m", outcome="failed", error="x"
            )
    assert asked() == before
