"""A person goes through the inbox with the keyboard, decides one and many, reads what changed, edits; in a real browser."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.axe import serious
from tests.browser import Hall, Visitor, apart, open_hall
from tests.cast import PASSWORD, email
from tests.workbench import Bench, ask, definition, output, text

pytestmark = pytest.mark.browser
LOOKS = {"light": {}, "dark": {"dark": True}, "phone": {"phone": True}}
REPORT = "# Oceans\n\nThe sea covers {share} of the planet.\n\nIt is salty, and it is deep.\n\n{end}"


def asking(title: str, content: str = "Good?", **policy: Any) -> dict[str, Any]:
    return definition([ask("ok", content, title=title, policy={"who": {"roles": ["approver"]}} | policy), output()])


ROUNDS = definition(
    [
        text("draft", "{{ inputs.first if visits.draft == 1 else inputs.second }}"),
        ask("ok", "{{ nodes.draft.text }}", title="Publish “Oceans”?", instructions="Is every number right?"),
        output(said="{{ nodes.ok.content }}"),
    ],
    ["draft ok", "ok end approve", "ok draft request_changes"],
    limits={"visits": 4},
    inputs={"type": "object", "properties": {"first": {"type": "string"}, "second": {"type": "string"}}},
)
REFUND = {
    "type": "object",
    "required": ["order", "amount"],
    "properties": {
        "order": {"type": "string", "title": "Order"},
        "amount": {"type": "integer", "title": "Amount", "minimum": 1, "maximum": 500, "description": "In US dollars."},
    },
}
TEXTS = {"first": REPORT.format(share="half", end="Bye."), "second": REPORT.format(share="71%", end="Sources: NOAA.")}


def approver(hall: Hall, **look: Any) -> Visitor:
    return hall.visitor("acme.test", **look).log_in(email("acme", "approver"), PASSWORD)


def picture(page: Page, name: str, look: str) -> None:
    """Keep a picture for people who look, where a folder was named for it."""
    if folder := os.environ.get("NEXOD_TEST_PICTURES"):
        page.wait_for_timeout(500)
        page.screenshot(path=Path(folder) / f"inbox-{name}-{look}.png", full_page=True)


def test_the_inbox_is_gone_through_with_the_keyboard(bench: Bench, port: int) -> None:
    runs = [bench.ran(asking(title)) for title in ("First?", "Second?", "Third?")]
    with open_hall(port) as hall:
        visitor = approver(hall)
        page = visitor.go("/admin/workflows/approval/")
        expect(page.locator("#nx-pane h2")).to_have_text("First?")
        page.keyboard.press("j")
        expect(page.locator("#nx-pane h2")).to_have_text("Second?")
        page.keyboard.press("?")
        expect(page.locator("#nx-keys")).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("a")
        expect(page.locator("#nx-sure")).to_contain_text("Second?")
        page.keyboard.press("Enter")
        expect(page.locator("#nx-rows li")).to_have_count(2)
        expect(page.locator("#nx-pane h2")).to_have_text("Third?")
        page.keyboard.press("r")
        page.keyboard.press("Tab")
        page.keyboard.press("Escape")
        page.keyboard.press("k")
        expect(page.locator("#nx-pane h2")).to_have_text("First?")
        page.keyboard.press("Enter")
        page.wait_for_url("**/change/")
        page.keyboard.press("r")
        page.locator("#nx-sure textarea").fill("Not now.")
        page.locator("#nx-sure [data-yes]").click()
        expect(page.locator(".nx-ask")).to_contain_text("Rejected")
        wrong = list(visitor.wrong)
    assert wrong == []
    decided = [_approval(bench, run.id) for run in runs]
    assert [(one.decision, one.comment) for one in decided] == [("reject", "Not now."), ("approve", ""), ("", "")]


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_of_it_is_good_to_look_at(bench: Bench, port: int, look: str) -> None:
    for title in ("Send the contract to Globex?", "Refund order 4711?"):
        bench.ran(asking(title, due={"after": "4h"}))
    bench.ran(asking("Two have to agree", who={"roles": ["approver", "owner"]}, quorum=2))
    run = bench.ran(ROUNDS, TEXTS)
    bench.decide(run.id, "request_changes", comment="Half is wrong; name a source.")
    bench.advance(run.id)
    again = f"/admin/workflows/approval/{_approval(bench, run.id).pk}/change/"
    with open_hall(port) as hall:
        visitor = approver(hall, **LOOKS[look])
        page = visitor.go("/admin/workflows/approval/")
        expect(page.locator("#nx-rows li")).to_have_count(4)
        if look != "phone":
            page.get_by_role("link", name="Publish “Oceans”?").click()
            expect(page.locator("#nx-pane .nx-words ins").first).to_be_visible()
        picture(page, "list", look)
        assert serious(page) == []
        assert visitor.too_wide() <= 0
        visitor.go(again)
        expect(page.locator(".nx-words del").first).to_contain_text("half")
        expect(page.locator(".nx-words ins").first).to_contain_text("71%")
        picture(page, "page", look)
        assert serious(page) == []
        assert visitor.too_wide() <= 0
        switch = page.get_by_role("button", name="Side by side")
        if look == "phone":
            expect(switch).to_be_hidden()
        else:
            switch.click()
            page.reload()
            beside = page.get_by_role("table", name="Changes side by side")
            expect(beside.locator("td:first-child del").first).to_contain_text("half")
            expect(beside.locator("td:last-child ins").first).to_contain_text("71%")
            picture(page, "side-by-side", look)
            assert serious(page) == []
            page.get_by_role("button", name="In one column").click()
            expect(beside).to_be_hidden()
        assert visitor.too_wide() <= 0
        page.goto(f"{visitor.base}/admin/workflows/approval/?view=decided")
        picture(page, "decided", look)
        page.goto(f"{visitor.base}/admin/workflows/approval/?view=claimed")
        expect(page.locator("#nx-rows")).to_contain_text("You have claimed nothing")
        picture(page, "empty", look)
        assert serious(page) == []
        wrong = list(visitor.wrong)
    assert wrong == []


def test_the_inbox_follows_what_others_do_and_keeps_what_is_typed(bench: Bench, port: int) -> None:
    both = {"who": {"roles": ["approver", "owner"]}}
    first, second = (bench.ran(asking(title, **both)) for title in ("First?", "Second?"))
    with open_hall(port) as hall:
        visitor = approver(hall)
        page = visitor.go("/admin/workflows/approval/")
        expect(page.locator("#nx-wire")).to_have_text("Live")
        expect(page.locator("#nx-pane h2")).to_have_text("First?")
        page.locator("#nx-pane [data-comment]").fill("Half a thought")
        apart(lambda: bench.decide(second.id, "approve", role="owner"))
        expect(page.locator("#nx-rows li")).to_have_count(1)
        expect(page.locator("#nx-views .nx-badge").first).to_have_text("1")
        expect(page.locator(".nx-nav .nx-badge").first).to_have_text("1")
        expect(page.locator("#nx-pane [data-comment]")).to_have_value("Half a thought")
        third = apart(lambda: bench.ran(asking("Third?", **both)))
        expect(page.locator("#nx-rows li")).to_have_count(2)
        apart(lambda: bench.decide(first.id, "reject", role="owner"))
        expect(page.locator("#nx-rows li")).to_have_count(1)
        wrong = list(visitor.wrong)
    assert wrong == []
    with bench.inside():
        assert "seen" in _approval(bench, first.id).entries.values_list("kind", flat=True)
        assert "seen" not in _approval(bench, third.id).entries.values_list("kind", flat=True)


def test_several_are_decided_at_once_and_each_says_how_it_went(bench: Bench, port: int) -> None:
    runs = [bench.ran(asking(title)) for title in ("First?", "Second?", "Third?")]
    with open_hall(port) as hall:
        visitor = approver(hall)
        page = visitor.go("/admin/workflows/approval/")
        expect(page.locator("#nx-pane h2")).to_have_text("First?")
        page.keyboard.press("x")
        page.keyboard.press("j")
        page.keyboard.press("x")
        expect(page.locator("#nx-bulk")).to_contain_text("2 selected")
        apart(lambda: _change(bench, runs[1].id))
        page.locator("#nx-bulk").get_by_role("button", name="Approve").click()
        expect(page.locator("#nx-sure")).to_contain_text("First?, Second?")
        assert serious(page, "#nx-sure") == []
        page.locator("#nx-sure textarea").fill("Both are fine.")
        page.locator("#nx-sure [data-yes]").click()
        expect(page.locator("#nx-h-results")).to_have_text("1 of 2 approved")
        expect(page.locator(".nx-list")).to_contain_text("has changed since you saw it")
        picture(page, "several", "light")
        assert serious(page) == []
        page.get_by_role("link", name="Back to the inbox").click()
        expect(page.locator("#nx-rows li")).to_have_count(2)
        wrong = list(visitor.wrong)
    assert wrong == []
    assert [_approval(bench, run.id).status for run in runs] == ["decided", "pending", "pending"]


def test_what_changed_under_the_readers_eyes_is_not_decided(bench: Bench, port: int) -> None:
    run = bench.ran(asking("Pay?", "We pay 100 dollars."))
    page_of = f"/admin/workflows/approval/{_approval(bench, run.id).pk}/change/"
    with open_hall(port) as hall:
        visitor = approver(hall)
        page = visitor.go(page_of)
        page.locator(".nx-ask [data-comment]").fill("As agreed.")
        apart(lambda: _change(bench, run.id, "We pay 900 dollars."))
        page.get_by_role("button", name="Approve", exact=True).click()
        expect(page.locator("[data-problem]")).to_contain_text("has changed since you saw it")
        expect(page.locator(".nx-prose").first).to_contain_text("900")
        expect(page.locator(".nx-ask [data-comment]")).to_have_value("As agreed.")
        picture(page, "stale", "light")
        assert serious(page) == []
        page.get_by_role("button", name="Approve", exact=True).click()
        page.wait_for_url("**/change/")
        expect(page.locator(".nx-ask > header")).to_contain_text("Approved")
        wrong = [line for line in visitor.wrong if "409" not in line]
    assert wrong == []


@pytest.mark.parametrize("look", LOOKS)
def test_arguments_are_edited_in_fields(bench: Bench, port: int, look: str) -> None:
    run = bench.ran(asking("Cashier wants to use Refund"))
    page_of = f"/admin/workflows/approval/{_approval(bench, run.id).pk}/change/"
    with bench.inside():
        rows = type(_approval(bench, run.id)).objects.filter(run=run.id)
        rows.update(arguments={"order": "4711", "amount": 100}, schema=REFUND, subject="tool:refund")
    with open_hall(port) as hall:
        visitor = approver(hall, **LOOKS[look])
        page = visitor.go(page_of)
        page.get_by_text("Edit the arguments before approving").click()
        page.get_by_label("Amount").fill("90")
        picture(page, "arguments", look)
        assert serious(page) == []
        assert visitor.too_wide() <= 0
        page.get_by_role("button", name="Approve with these arguments").click()
        expect(page.locator(".nx-ask > header")).to_contain_text("Edited")
        wrong = list(visitor.wrong)
    assert wrong == []
    assert json.loads(_approval(bench, run.id).edited_content) == {"order": "4711", "amount": 90}


def _change(bench: Bench, run: Any, content: str = "Another content") -> None:
    from workflows.approvals.seen import digest_of

    approval = _approval(bench, run)
    with bench.inside():
        approval.content = content
        approval.digest = digest_of(approval)
        approval.save()


def _approval(bench: Bench, run: Any) -> Any:
    from workflows.models import Approval

    with bench.inside():
        return Approval.objects.filter(run=run).latest("created_at")
