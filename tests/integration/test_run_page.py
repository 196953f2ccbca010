"""The page of a run: steps and events in pages, lazy values, budgets, waits, acts as JSON; nothing of another tenant."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.models import Budget, BudgetWindow
from tenants.context import enter_tenant
from workflows.admin import run_page, run_steps, run_values
from workflows.models import Run, RunEvent, Step, Wait

MOST_QUERIES = 34


@pytest.fixture
def busy(acme: Any, content: Any) -> Run:
    """A run that came by its nodes 130 times, and told 260 events."""
    now = timezone.now()
    with enter_tenant(acme):
        run = content.run
        Step.objects.filter(run=run).delete()
        Step.objects.bulk_create(
            Step(
                run=run, node="greet" if number % 10 else "ask", node_type="template", visit=number + 1,
                status="completed", started_at=now, finished_at=now, output={"text": f"Number {number}"},
            )
            for number in range(130)
        )  # fmt: skip
        data = {"node": "greet", "step": "x", "node_type": "template"}
        RunEvent.objects.bulk_create(
            RunEvent(run=run, seq=number, type="step.started", data={**data, "visit": number}, at=now)
            for number in range(1, 261)
        )
        Run.objects.filter(pk=run.pk).update(last_seq=260, status="running", waiting_for="")
        return run


def page_of(client: Any, run: Run, query: str = "") -> str:
    answer = client.get(f"/admin/workflows/run/{run.pk}/change/{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def live(client: Any, run: Run, query: str = "") -> dict[str, Any]:
    return dict(client.get(f"/admin/workflows/run/{run.pk}/live/{query}").json())


def shown_steps(page: str) -> int:
    return len(re.findall(r'<details class="nx-step[^>]*data-node=', page))


def test_a_page_shows_the_last_steps_and_leads_to_the_others(visit, busy):
    client = visit("acme", "viewer")
    page = page_of(client, busy)
    assert shown_steps(page) == 130 - 2 * run_steps.PAGE
    assert "Steps 101 to 130 of 130" in page
    first = page_of(client, busy, "?steps=1")
    assert "Steps 1 to 50 of 130" in first
    assert shown_steps(first) == run_steps.PAGE
    assert 'href="?steps=2"' in page
    assert 'href="?steps=2"' in first
    assert 'href="?" data-steps>Later' in page_of(client, busy, "?steps=2")


def test_steps_of_one_node_alone(visit, busy):
    page = page_of(visit("acme", "viewer"), busy, "?node=ask")
    assert shown_steps(page) == 13
    assert "Only ask" in page
    assert shown_steps(page_of(visit("acme", "viewer"), busy, "?node=nothing")) == 30


def test_the_graph_leads_to_the_page_that_shows_the_newest_step(visit, busy):
    client = visit("acme", "viewer")
    assert 'href="#step-greet"' in page_of(client, busy)
    assert 'href="?node=greet#step-greet"' in page_of(client, busy, "?steps=1")


@pytest.mark.parametrize("query", ["?steps=-1", "?steps=999999999", "?steps=x", "?before=x", "?after=%00"])
def test_a_senseless_address_shows_the_page_all_the_same(visit, busy, query):
    assert shown_steps(page_of(visit("acme", "viewer"), busy, query)) == 30


def test_the_timeline_is_read_in_pages(visit, busy):
    client = visit("acme", "viewer")
    page = page_of(client, busy)
    assert page.count("data-seq=") == 1 + run_page.EVENTS_SHOWN
    assert "160 earlier events" in page
    more = client.get(f"/admin/workflows/run/{busy.pk}/lines/?before=161").json()
    assert (more["earlier"], more["earliest"], more["lines"].count("<li")) == (60, 61, 100)
    last = client.get(f"/admin/workflows/run/{busy.pk}/lines/?before=61").json()
    assert (last["earlier"], last["lines"].count("<li")) == (0, 60)


def test_who_was_away_too_long_is_told_of_the_gap(visit, busy):
    client = visit("acme", "viewer")
    assert live(client, busy, "?after=3")["gap"] is True
    fresh = live(client, busy, "?after=250")
    assert (fresh["gap"], fresh["lines"].count("<li"), fresh["seq"]) == (False, 10, 260)
    assert live(client, busy, "?after=260")["seq"] == 260


def test_five_thousand_steps_cost_no_more_statements_than_one(visit, acme, busy):
    client = visit("acme", "owner")
    page_of(client, busy)
    few = asked(client, busy)
    with enter_tenant(acme):
        Step.objects.bulk_create(
            Step(run=busy, node="greet", node_type="template", visit=number, status="completed")
            for number in range(200, 5_070)
        )
    assert asked(client, busy) == few <= MOST_QUERIES
    page = page_of(client, busy)
    assert "of 5000" in page
    assert len(page) < 400_000


def asked(client: Any, run: Run) -> int:
    with CaptureQueriesContext(connection) as caught:
        live(client, run)
    return len(caught)


def test_more_questions_and_children_cost_no_more_statements(visit, acme, content, person):
    from tests.content import fill

    client = visit("acme", "owner")
    live(client, content.run)
    few = asked(client, content.run)
    with enter_tenant(acme):
        for mark, role in (("two", "editor"), ("three", "admin")):
            other = fill(person("acme", role), mark=mark)
            Run.objects.filter(pk=other.run.pk).update(parent=content.step, title=f"Child {mark}")
    assert asked(client, content.run) <= few + 1
    steps = live(client, content.run)["parts"]["steps"]
    assert "Child two" in steps
    assert "2 runs" in steps


def test_a_child_leads_to_the_run_above(visit, acme, content, person):
    from tests.content import fill

    with enter_tenant(acme):
        child = fill(person("acme", "editor"), mark="two").run
        Run.objects.filter(pk=child.pk).update(parent=content.step)
    head = live(visit("acme", "viewer"), child)["parts"]["head"]
    assert f"/admin/workflows/run/{content.run.pk}/change/?node=ask#step-ask" in head


def test_it_says_what_a_step_waits_for_and_until_when(visit, acme, content):
    due = timezone.now().replace(microsecond=0) + timedelta(minutes=5)
    with enter_tenant(acme):
        Wait.objects.create(run=content.run, step=content.step, node="ask", kind="callback", due_at=due)
        content.run.approvals.update(due_at=due + timedelta(days=1))
        Run.objects.filter(pk=content.run.pk).update(waiting_for="callback")
    parts = live(visit("acme", "viewer"), content.run)["parts"]
    moment = f'<time datetime="{due.isoformat()}" data-due>'
    assert "Waits for a callback" in parts["steps"]
    assert "at the latest" in parts["steps"]
    assert moment in parts["head"]
    assert moment in parts["steps"]
    with enter_tenant(acme):
        content.run.approvals.update(due_at=due - timedelta(minutes=1))
    assert (
        f'datetime="{(due - timedelta(minutes=1)).isoformat()}"'
        in live(visit("acme", "viewer"), content.run)["parts"]["head"]
    )


def test_the_meter_shows_what_is_left_of_each_budget(visit, acme, content):
    with enter_tenant(acme):
        for scope, period, subject in (("run", "run", ""), ("workflow", "total", content.workflow.slug)):
            budget = Budget.objects.create(name=f"Of {scope}", scope=scope, period=period, limit=10)
            BudgetWindow.objects.create(
                budget=budget,
                subject=subject,
                period=str(content.run.pk) if period == "run" else "",
                used=Decimal("7.5"),
                updated_at=timezone.now(),
            )
        Budget.objects.create(name="Of others", scope="workflow", whom="another", period="total", limit=10)
    head = live(visit("acme", "owner"), content.run)["parts"]["head"]
    assert head.count("$2.50 of $10.00 left") == 2
    assert 'value="75"' in head
    assert "Of others" not in head


def test_what_is_large_never_comes_whole_but_as_a_file(visit, acme, content):
    text = "word " * 60_000
    with enter_tenant(acme):
        Step.objects.filter(pk=content.step.pk).update(output={"text": text})
        Run.objects.filter(pk=content.run.pk).update(inputs={"name": text}, outputs={"text": text})
    client = visit("acme", "viewer")
    page = page_of(client, content.run)
    assert len(page) < 200_000
    step = f"/admin/workflows/run/{content.run.pk}/steps/{content.step.pk}/"
    for path in (
        step,
        f"/admin/workflows/run/{content.run.pk}/inputs/",
        f"/admin/workflows/run/{content.run.pk}/outputs/",
    ):
        found = client.get(path).content.decode()
        assert len(found) < 3 * run_values.EXCERPT, path
        assert "Download all of it" in found
    file = client.get(f"{step}output.json")
    assert json.loads(file.content) == {"text": text}
    assert (file["Content-Disposition"], "sandbox" in file["Content-Security-Policy"]) == (
        'attachment; filename="output.json"',
        True,
    )


def test_a_text_is_read_as_markdown_with_its_source_beside(visit, acme, content):
    with enter_tenant(acme):
        Run.objects.filter(pk=content.run.pk).update(outputs={"text": "**Bold** <img src=x onerror=alert(1)>", "n": 7})
    found = visit("acme", "viewer").get(f"/admin/workflows/run/{content.run.pk}/outputs/").content.decode()
    assert "<strong>Bold</strong>" in found
    assert "<img" not in found
    assert "**Bold** &lt;img" in found
    assert 'data-copy="run-outputs-raw"' in found
    assert "&quot;n&quot;: 7" in found


@pytest.mark.parametrize("end", ["inputs/", "outputs/", "inputs.json", "outputs.json", "lines/", "live/", "decisions/"])
def test_nothing_of_it_is_found_elsewhere(visit, content, end):
    path = f"/admin/workflows/run/{content.run.pk}/{end}"
    assert visit("acme", "viewer").get(path).status_code == 200
    assert visit("globex", "owner").get(path).status_code == 404


def test_an_act_answers_a_script_in_json(visit, acme, content):
    client = visit("acme", "owner")
    path = f"/admin/workflows/run/{content.run.pk}"
    done = client.post(f"{path}/pause/", headers={"accept": "application/json"})
    assert (done.status_code, "waits for you" in done.json()["said"]) == (200, True)
    assert client.post(f"{path}/cancel/", headers={"accept": "application/json"}).status_code == 200
    refused = client.post(f"{path}/cancel/", headers={"accept": "application/json"})
    assert (refused.status_code, refused.json()) == (409, {"said": "The run is cancelled already."})
    with enter_tenant(acme):
        assert Run.objects.get(pk=content.run.pk).status == "cancelled"


def test_who_may_not_act_sees_no_button_and_is_refused(visit, acme, content):
    client = visit("acme", "viewer")
    assert "data-act" not in page_of(client, content.run)
    answer = client.post(f"/admin/workflows/run/{content.run.pk}/cancel/", headers={"accept": "application/json"})
    assert answer.status_code == 403
    with enter_tenant(acme):
        assert Run.objects.get(pk=content.run.pk).status == "waiting"


def test_a_step_of_a_failed_run_offers_to_resume_from_there(visit, acme, content):
    with enter_tenant(acme):
        Run.objects.filter(pk=content.run.pk).update(
            status="failed", error={"code": "x", "message": "y"}, waiting_for=""
        )
        Step.objects.filter(pk=content.step.pk).update(status="completed", output={"text": "a"})
    client = visit("acme", "editor")
    link = f"/admin/workflows/run/{content.run.pk}/retry/?node=ask"
    assert f'href="{link}"' in page_of(client, content.run)
    form = client.get(link).content.decode()
    assert re.search(r'<option value="ask"\s+selected', form)


def test_all_that_waits_for_an_answer_is_asked_in_place(visit, acme, content):
    from workflows.models import Approval

    with enter_tenant(acme):
        Approval.objects.create(
            run=content.run, step=content.step, key="#2", title="And this?", roles=["owner"], decisions=["approve"]
        )
    part = live(visit("acme", "owner"), content.run)["parts"]["approval"]
    assert part.count("data-ask=") == 2
    assert "And this?" in part


def test_the_page_lets_no_script_of_others_in(visit, content):
    answer = visit("acme", "viewer").get(f"/admin/workflows/run/{content.run.pk}/change/")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert "object-src 'none'" in policy


def test_what_was_decided_is_on_the_page_with_the_way_to_its_record(visit, acme, content):
    from workflows.models import Approval

    with enter_tenant(acme):
        Approval.objects.filter(pk=content.approval.pk).update(
            status="decided", decision="reject", comment="<b>No</b>", decided_at=timezone.now()
        )
    client = visit("acme", "viewer")
    address = f"/admin/workflows/run/{content.run.pk}/decisions/"
    assert f'data-src="{address}"' in live(client, content.run)["parts"]["approval"]
    found = client.get(address).content.decode()
    assert "&lt;b&gt;No&lt;/b&gt;" in found
    assert f"/admin/workflows/approval/{content.approval.pk}/change/" in found
    record = client.get(f"/api/v1/runs/{content.run.pk}/approvals/record")
    assert record.status_code == 200
    assert f'href="{record.wsgi_request.path}"' in found
