"""Who decides, how many and by when is said by forms alone; the run asks these people, and one of them decides in a browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import PATIENCE_MS, Hall, Visitor, apart, open_hall
from tests.cast import PASSWORD, email
from tests.panel import Panel, panel
from tests.processes import until
from tests.workbench import Bench, ask, definition, output, text

__all__ = ["panel"]
pytestmark = pytest.mark.browser


def come(hall: Hall, address: str) -> Visitor:
    visitor = hall.visitor("acme.test")
    return visitor.log_in(address, PASSWORD)


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("NEXOD_TEST_PICTURES"):
        page.wait_for_timeout(400)
        page.screenshot(path=Path(folder) / f"policy-{name}.png", full_page=True)


def fill_policy(page: Page, group: str) -> None:
    """Say who, how many and by when, as somebody does who never saw the document."""
    form = page.locator("#nx-node-panel")
    form.get_by_role("link", name="Ask them").click()
    fields = {
        "config-policy-who-groups": group,
        "config-policy-quorum": "2",
        "config-policy-due-after": "2d",
        "config-policy-due-remind": "-2h",
    }
    for name, value in fields.items():
        field = form.locator(f"[name={name}]")
        field.fill(value)
        field.blur()
    form.locator("[name=config-policy-separate][value=starter]").check()
    form.locator("[name=config-policy-due-on_timeout]").select_option("reject")
    form.get_by_role("button", name="Add to Who else may decide when it takes longer").click()
    after = form.locator("[name$='-after'][name*='escalate']:visible").last
    after.fill("1d")
    after.blur()
    form.locator("[name*='escalate'][name$='-to-roles'][value=owner]:visible").last.check()
    expect(page.locator("#nx-check-state")).to_have_text("Can run")


def decides(hall: Hall, name: str, path: str, told: str) -> None:
    visitor = come(hall, Panel.email(name))
    page = visitor.go(path)
    page.get_by_role("button", name="Approve", exact=True).first.click()
    expect(page.locator("#main")).to_contain_text(told)
    assert not visitor.wrong


@pytest.mark.timeout(900)
def test_a_policy_is_made_by_forms_and_the_group_decides(bench: Bench, panel: Panel, port: int) -> None:
    group = panel.group("Legal", "ann", "ben", "cal")
    flow = bench.workflow(definition([text("draft"), {**ask("ok"), "title": "Ask them"}, output()]), name="Contract")
    with_a_password(bench, panel)
    with open_hall(port) as hall:
        author = come(hall, email("acme", "editor"))
        page = author.go(f"/admin/workflows/workflow/{flow.pk}/change/")
        fill_policy(page, group)
        picture(page, "form")
        expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
        run = apart(lambda: started(bench, flow))
        approval = apart(lambda: panel.asked(run))
        assert (approval.groups, approval.policy["quorum"], approval.due_at is not None) == ([group], 2, True)
        assert approval.policy["separate"] == ["starter"]
        assert approval.policy["due"]["escalate"][0]["to"] == {"roles": ["owner"]}
        path = f"/admin/workflows/approval/{approval.pk}/change/"
        decides(hall, "ann", path, "1 of 2")
        wrong = list(author.wrong)
    assert panel.refused(run, "dan") == "not_asked"
    panel.decide(run, "ben")
    assert bench.advance(run).status == "completed"
    assert [kind for kind, *_ in panel.entries(run)].count("voted") == 2
    assert wrong == []


def with_a_password(bench: Bench, panel: Panel) -> None:
    with bench.inside():
        user = panel.user("ann")
        user.set_password(PASSWORD)
        user.save()


def started(bench: Bench, flow: Any) -> Any:
    """Publish the draft when it holds what was typed, and let a run of it ask."""
    from workflows.actions.runs import start_run
    from workflows.actions.workflows import publish_workflow
    from workflows.models import WorkflowVersion

    def is_settled() -> bool:
        draft = WorkflowVersion.objects.get(workflow=flow.pk, number=0)
        asked = next(node for node in draft.definition["nodes"] if node["id"] == "ok")
        return "escalate" in asked["config"].get("policy", {}).get("due", {})

    with bench.inside():
        assert until(is_settled, PATIENCE_MS / 1000)
        publish_workflow(actor=bench.user(), workflow=flow)
        run = start_run(actor=bench.user(), workflow=flow, inputs={})
    bench.advance(run.id)
    return run.id
