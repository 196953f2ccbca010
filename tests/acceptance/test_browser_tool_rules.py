"""When agents ask about their tools, what they were allowed, and the hours that count, in a real browser."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.agents import make_agent
from tests.axe import serious
from tests.browser import Visitor, apart, open_hall
from tests.cast import PASSWORD, email
from tests.workbench import Bench

pytestmark = pytest.mark.browser
LOOKS: tuple[dict[str, bool], ...] = ({}, {"dark": True}, {"phone": True})
HTTP = {"tool": "http_request", "settings": {"hosts": ["pay.example.com"], "methods": ["POST"]}, "approval": "first"}


@pytest.fixture
def come(port: int, bench: Bench) -> Iterator[Callable[..., Visitor]]:
    with open_hall(port) as hall:
        yield lambda role, **more: hall.visitor("acme.test", **more).log_in(email("acme", role), PASSWORD)


def looked_at(visitor: Visitor, name: str, look: dict[str, bool]) -> None:
    """Find nothing wrong with the page; leave a picture where somebody said so."""
    if folder := os.environ.get("NEXOD_PICTURES"):
        visitor.page.screenshot(path=Path(folder) / f"{name}-{'-'.join(look) or 'light'}.png", full_page=True)
    assert serious(visitor.page) == []
    assert visitor.too_wide() <= 0
    assert visitor.wrong == []


@pytest.mark.parametrize("look", LOOKS)
def test_a_rule_is_written_without_json(come: Callable[..., Visitor], bench: Bench, look: dict[str, bool]) -> None:
    agent = apart(lambda: make_agent(bench, tools=[HTTP]))
    visitor = come("editor", **look)
    page = visitor.go(f"/admin/agents/agent/{agent.pk}/change/")
    row = page.locator("[data-tool-row]").first
    condition, per = row.locator("[data-rule=condition]"), row.locator("[data-rule=per]")
    expect(per).to_be_visible()
    expect(condition).to_be_hidden()
    row.locator("select[data-ask]").select_option("when")
    expect(per).to_be_hidden()
    condition.locator("textarea").fill("arguments.json.amount > 1000")
    row.locator("[data-rule=policy] summary").click()
    row.locator("input[name$='-policy-who-roles'][value=owner]").check()
    row.locator("input[name$='-policy-due-after']").fill("4h")
    escalate = row.locator("[data-rows$='-policy-due-escalate']")
    escalate.locator(":scope > * [data-row-do=add], :scope > [data-row-do=add]").last.click()
    escalate.locator("input[name$='-after']").first.fill("2h")
    escalate.locator("input[name$='-to-roles'][value=admin]").first.check()
    looked_at(visitor, "rule", look)
    page.locator("[name=_continue]").first.click()
    expect(page.locator("#nx-live-note")).to_have_text("Saved as version 2.")
    agent = apart(lambda: stored(bench))
    assert agent.tools[0]["approval"] == {
        "ask": "when",
        "condition": "arguments.json.amount > 1000",
        "policy": {
            "who": {"roles": ["owner"]},
            "due": {"after": "4h", "escalate": [{"after": "2h", "to": {"roles": ["admin"]}}]},
        },
    }


def stored(bench: Bench) -> Any:
    from agents.models import Agent

    with bench.inside():
        return Agent.objects.get()


@pytest.mark.parametrize("look", LOOKS)
def test_what_was_allowed_is_seen_and_revoked(
    come: Callable[..., Visitor], bench: Bench, look: dict[str, bool]
) -> None:
    apart(lambda: allow(bench))
    visitor = come("approver", **look)
    page = visitor.go("/admin/agents/toolpermission/")
    expect(page.get_by_text("Holds").first).to_be_visible()
    looked_at(visitor, "allowed", look)
    page.locator("#changelist-form a[href*='/change/']").first.click()
    expect(page.get_by_text("pay.example.com").first).to_be_visible()
    looked_at(visitor, "permission", look)
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Revoke").first.click()
    confirm = page.locator("dialog[open] button", has_text="Revoke")
    if confirm.count():
        confirm.first.click()
    expect(page.get_by_text("is asked about again").first).to_be_visible()
    assert apart(lambda: is_revoked(bench))


def allow(bench: Bench) -> None:
    from agents.models import ToolPermission
    from nexod.kernel.identifiers import new_id

    agent = make_agent(bench, tools=[HTTP])
    with bench.inside():
        ToolPermission.objects.create(
            agent=agent, tool="http_request", title="HTTP request", digest="d", about="POST https://pay.example.com/orders",
            arguments={"url": "https://pay.example.com/orders", "json": {"amount": 12, "to": "Ann"}},
            run=new_id(), step=new_id(), call="c", allowed_by=bench.user("owner"),
        )  # fmt: skip


def is_revoked(bench: Bench) -> bool:
    from agents.models import ToolPermission

    with bench.inside():
        return ToolPermission.objects.get().revoked_at is not None


@pytest.mark.parametrize("look", LOOKS)
def test_business_hours_are_set(come: Callable[..., Visitor], bench: Bench, look: dict[str, bool]) -> None:
    visitor = come("owner", **look)
    page = visitor.go("/admin/workflows/businesshours/add/")
    page.select_option("#id_zone", "Europe/Berlin")
    page.fill("#id_monday", "08:00-12:00, 13:00-17:00")
    page.fill("#id_holidays_text", "2026-12-25 Christmas Day")
    looked_at(visitor, "hours", look)
    page.click("[name=_save]")
    page.wait_for_url("**/admin/workflows/businesshours/")
    expect(page.get_by_text("Mon 08:00-12:00, 13:00-17:00").first).to_be_visible()
    looked_at(visitor, "hours-list", look)
    apart(lambda: forget_hours(bench))


def forget_hours(bench: Bench) -> None:
    from workflows.models import BusinessHours

    with bench.inside():
        BusinessHours.objects.all().delete()
