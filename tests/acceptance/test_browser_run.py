"""A run on its page in a real browser: the whole way, by keyboard, reloaded, in the background, without a network, on a phone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.acceptance.test_browser import come, hall, nursery, worker
from tests.axe import serious
from tests.browser import Visitor, apart
from tests.workbench import Bench, ask, definition, output, text

__all__ = ["come", "hall", "nursery", "worker"]
pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("probes")]
DRAFT = "# On {{ inputs.topic }}\n\nTwice a day the sea comes back: the moon pulls it, and **the sun helps**."
BACK_AND_FORTH = definition(
    [
        text("draft", DRAFT, title="Write the draft"),
        ask("ok", "{{ nodes.draft.text }}", title="Is it good?", instructions="Read it."),
        output("publish", text="{{ nodes.ok.content }}"),
    ],
    ["draft ok", "ok publish approve", "ok draft request_changes"],
    inputs={"type": "object", "required": ["topic"], "properties": {"topic": {"type": "string", "title": "Topic"}}},
    limits={"visits": 4},
)
LOOKS = {"light": {}, "dark": {"dark": True}, "phone": {"phone": True}}
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => hidden ? "hidden" : "visible" });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def report(bench: Bench) -> None:
    bench.workflow(BACK_AND_FORTH, name="Report")


def begin(visitor: Visitor, topic: str = "Tides") -> Page:
    page = visitor.go("/admin/start/workflow/report/")
    page.get_by_label("Topic").fill(topic)
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_url("**/workflows/run/*/change/")
    return page


def waits(page: Page) -> None:
    expect(page.locator("#nx-part-head")).to_contain_text("Waiting for approval")


def picture(page: Page, name: str) -> None:
    """Leave a picture for people who look, where they said so."""
    if folder := os.environ.get("NEXOD_PICTURES"):
        page.wait_for_timeout(500)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_changes_are_asked_for_then_edited_and_approved_with_a_reload_between(
    report: None, worker: None, come: Callable[..., Visitor]
) -> None:
    owner = come("owner")
    page = begin(owner)
    waits(page)
    questions = page.locator("#nx-part-approval")
    questions.get_by_label("Comment", exact=True).fill("Say more.")
    questions.get_by_role("button", name="Request changes").click()
    expect(page.locator("#nx-part-steps details[data-node=draft]")).to_have_count(2)
    expect(page.locator("#nx-timeline")).to_contain_text("Say more.")
    waits(page)
    page.reload()
    waits(page)
    expect(page.locator("#nx-wire")).to_have_text("Live")
    picture(page, "run-again")
    questions.locator("[data-edit] > summary").click()
    questions.locator("[data-edit] textarea").first.fill("# Better\n\nMuch better.")
    questions.get_by_role("button", name="Approve the edited text").click()
    expect(page.locator("#nx-part-head")).to_contain_text("Completed")
    expect(page.locator("#nx-part-result")).to_contain_text("Much better.")
    expect(page.locator("#nx-wire")).to_have_text("Ended")
    assert not owner.wrong


def test_the_keyboard_alone_goes_all_the_way(report: None, worker: None, come: Callable[..., Visitor]) -> None:
    owner = come("owner")
    page = begin(owner)
    waits(page)
    page.locator("body").press("g")
    assert _focused(page)
    while _focused(page) != "draft":
        page.keyboard.press("ArrowUp")
    assert page.locator("#nx-part-graph [data-node] > [tabindex='0']").count() == 1
    page.keyboard.press("Enter")
    step = page.locator("#step-draft")
    expect(step).to_have_attribute("open", "")
    expect(step.locator("> summary")).to_be_focused()
    expect(step.locator(".nx-prose h1")).to_have_text("On Tides")
    step.get_by_role("link", name="Show in the graph").press("Enter")
    expect(page.locator("#graph-draft > a")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("#nx-part-steps summary").first).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    picture(page, "run-help")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    assert page.evaluate("document.activeElement.closest('#nx-part-approval') !== null")
    comment = page.locator("#nx-part-approval").get_by_label("Comment", exact=True)
    comment.focus()
    page.keyboard.type("gjk? all typed")
    expect(comment).to_have_value("gjk? all typed")
    page.locator("#nx-part-approval").get_by_role("button", name="Approve", exact=True).press("Enter")
    expect(page.locator("#nx-part-head")).to_contain_text("Completed")
    assert not owner.wrong


def _focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.closest('#nx-part-graph [data-node]')?.dataset.node ?? ''"))


def test_skip_links_lead_past_the_navigation(report: None, worker: None, come: Callable[..., Visitor]) -> None:
    page = begin(come("owner"))
    waits(page)
    link = page.locator(".nx-skips").get_by_role("link", name="Timeline")
    link.focus()
    expect(link).to_be_in_viewport()
    link.press("Enter")
    expect(page.locator("#nx-h-time")).to_be_focused()


def test_a_page_in_the_background_asks_nothing_and_catches_up_at_once(
    report: None, worker: None, come: Callable[..., Visitor]
) -> None:
    viewer, owner = come("viewer"), come("owner")
    page = begin(owner)
    waits(page)
    other = viewer.go(page.url.removeprefix(owner.base))
    waits(other)
    expect(other.locator("#nx-wire")).to_have_text("Live")
    asked: list[str] = []
    other.on("request", lambda request: asked.append(request.url) if "/live/" in request.url else None)
    other.evaluate(HIDE, True)
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("dialog", name="Cancel this run?").get_by_role("button", name="Cancel the run").click()
    expect(page.locator("#nx-part-head")).to_contain_text("Cancelled")
    expect(other).to_have_title("Cancelled · Report", timeout=10_000)
    assert asked == []
    waits(other)
    other.evaluate(HIDE, False)
    expect(other.locator("#nx-part-head")).to_contain_text("Cancelled")
    other.wait_for_timeout(1_000)
    assert 1 <= len(asked) <= 2, asked
    assert not viewer.wrong + owner.wrong


def test_who_else_watches_is_shown(report: None, worker: None, come: Callable[..., Visitor]) -> None:
    owner, viewer = come("owner"), come("viewer")
    page = begin(owner)
    waits(page)
    expect(page.locator("#nx-watchers")).to_be_hidden()
    other = viewer.go(page.url.removeprefix(owner.base))
    face = page.locator("#nx-watchers [role=img]")
    expect(face).to_have_count(1)
    name = str(face.get_attribute("aria-label"))
    assert (name, face.get_attribute("title")) == ("Viewer Person", "Viewer Person")
    expect(face).to_have_text("VP")
    picture(page, "run-watched")
    other.goto(f"{viewer.base}/admin/")
    expect(page.locator("#nx-watchers")).to_be_hidden()


def test_a_lost_connection_is_told_and_mended(report: None, worker: None, come: Callable[..., Visitor]) -> None:
    owner = come("owner")
    page = begin(owner)
    waits(page)
    page.context.set_offline(True)
    expect(page.get_by_role("alert").filter(has_text="The connection is lost.")).to_be_visible()
    expect(page.locator("#nx-wire")).to_have_text("Offline")
    picture(page, "run-offline")
    page.context.set_offline(False)
    expect(page.locator("#nx-trouble")).to_be_hidden()
    expect(page.locator("#nx-wire")).to_have_text("Live")


def test_an_answer_that_was_on_its_way_does_not_hide_that_the_connection_is_lost(
    report: None, worker: None, come: Callable[..., Visitor]
) -> None:
    page = begin(come("owner"))
    waits(page)
    expect(page.locator("#nx-wire")).to_have_text("Live")
    live = page.locator("#nx-run").get_attribute("data-live")
    answer = page.evaluate("(path) => fetch(`${path}?after=0`).then((response) => response.text())", live)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/live/**", hold)
    page.evaluate("dispatchEvent(new Event('online'))")
    while not held:
        page.wait_for_timeout(50)
    page.context.set_offline(True)
    expect(page.locator("#nx-wire")).to_have_text("Offline")
    held[0].fulfill(content_type="application/json", body=answer)
    page.unroute("**/live/**")
    page.wait_for_timeout(500)
    expect(page.locator("#nx-trouble")).to_contain_text("The connection is lost.")
    expect(page.locator("#nx-wire")).to_have_text("Offline")
    page.context.set_offline(False)
    expect(page.locator("#nx-wire")).to_have_text("Live")


def test_who_may_not_watch_any_more_is_told_and_sees_no_more(
    report: None, worker: None, come: Callable[..., Visitor], bench: Bench
) -> None:

    owner, viewer = come("owner"), come("viewer")
    page = begin(owner)
    waits(page)
    other = viewer.go(page.url.removeprefix(owner.base))
    expect(other.locator("#nx-wire")).to_have_text("Live")
    apart(lambda: _without_roles(bench, "viewer"))
    try:
        expect(other.get_by_role("alert").filter(has_text="You may not watch this run any more")).to_be_visible()
        expect(other.locator("#nx-part-head")).to_have_count(0)
        picture(other, "run-refused")
    finally:
        apart(lambda: _with_role(bench, "viewer"))


def _without_roles(bench: Bench, role: str) -> None:
    with bench.inside():
        bench.user(role).groups.clear()


def _with_role(bench: Bench, role: str) -> None:
    from django.contrib.auth.models import Group

    with bench.inside():
        bench.user(role).groups.add(Group.objects.get(name=role))


def test_what_was_typed_is_kept_when_somebody_else_decides(
    report: None, worker: None, come: Callable[..., Visitor]
) -> None:
    owner, approver = come("owner"), come("approver")
    page = begin(owner)
    waits(page)
    page.locator("#nx-part-approval").get_by_label("Comment", exact=True).fill("Half a sent")
    other = approver.go(page.url.removeprefix(owner.base))
    other.locator("#nx-part-approval").get_by_role("button", name="Approve", exact=True).click()
    expect(page.locator("#nx-part-head")).to_contain_text("Completed")
    expect(page.get_by_label("What you had typed")).to_have_value("Half a sent")


@pytest.mark.parametrize("look", LOOKS)
def test_every_state_of_the_page_stands_without_a_fault(
    report: None, worker: None, come: Callable[..., Visitor], bench: Bench, look: str
) -> None:

    failed = apart(lambda: bench.start(definition([text("divide", "{{ 1 // 0 }}", title="Divide"), output(said="x")])))
    owner = come("owner", **LOOKS[look])
    page = begin(owner)
    waits(page)
    faults = [f"waiting: {fault}" for fault in serious(page)]
    assert owner.too_wide() <= 0
    picture(page, f"run-waiting-{look}")
    page.goto(f"{owner.base}/admin/workflows/run/{failed}/change/")
    expect(page.locator("#nx-part-head")).to_contain_text("Failed")
    page.locator("#nx-part-steps summary").first.click()
    page.locator("#nx-part-steps summary").first.click()
    faults += [f"failed: {fault}" for fault in serious(page)]
    assert owner.too_wide() <= 0
    picture(page, f"run-failed-{look}")
    page.get_by_role("button", name="Resume", exact=True).click()
    expect(page.get_by_role("dialog", name="Resume this run?")).to_be_visible()
    faults += [f"dialog: {fault}" for fault in serious(page)]
    picture(page, f"run-dialog-{look}")
    assert faults == []
    assert not owner.wrong
