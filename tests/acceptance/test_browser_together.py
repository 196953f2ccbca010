"""Two people in real browsers, from the first word to the version: they write, talk about it, and publish what was seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from collaboration.models import CommentThread, Notification
from tests.axe import serious
from tests.browser import Hall, apart, inside
from tests.co_editing import LOOKS, drafted, hall, panel, picture, saved, settled, take, visit
from tests.workbench import Bench
from workflows.models import WorkflowVersion

__all__ = ["hall"]
pytestmark = pytest.mark.browser
TEXT = "Hello {{ inputs.topic }}"


@pytest.fixture(autouse=True)
def empty(bench: Bench) -> Iterator[None]:
    yield

    def forget() -> None:
        with bench.inside():
            CommentThread.objects.all().delete()
            Notification.objects.all().delete()

    apart(forget)


def comment(page: Page, words: str, text: str) -> None:
    """Mark the words in the field and say something about them."""
    field = panel(page).locator("#id_config-template")
    field.evaluate(
        """(field, words) => { const at = field.value.indexOf(words); field.focus();
        field.setSelectionRange(at, at + words.length); }""",
        words,
    )
    page.locator(".nx-remark-it").click()
    page.get_by_label("New comment").fill(text)
    page.locator("#nx-talk").get_by_role("button", name="Comment", exact=True).click()


def versions(bench: Bench, flow: Any) -> list[str]:
    """Return the template of each version, the first first."""

    def read() -> list[str]:
        rows = WorkflowVersion.objects.filter(workflow=flow, number__gt=0).order_by("number")
        nodes = [{node["id"]: node for node in row.definition["nodes"]} for row in rows]
        return [found["greet"]["config"]["template"] for found in nodes]

    return list(inside(bench, read))


@pytest.mark.parametrize("look", LOOKS, ids=["light", "dark", "phone"])
def test_two_edit_comment_and_publish(bench: Bench, hall: Hall, look: dict[str, Any]) -> None:
    flow = drafted(bench)
    ann, bob = visit(hall, flow, **look), visit(hall, flow, "owner")
    mine, theirs = take(ann.page, "Greet"), take(bob.page, "Greet")
    mine.press("End")
    ann.page.keyboard.type(", at last")
    expect(theirs).to_have_value(f"{TEXT}, at last")
    comment(bob.page, "at last", "Too glad, @editor@acme.test?")
    thread = ann.page.locator(".nx-thread")
    expect(thread).to_contain_text("Too glad, @Editor Person?")
    expect(panel(ann.page).locator(".nx-remark")).to_have_text("at last")
    expect(ann.page.locator("#nx-bell")).to_have_attribute("aria-label", "Notifications, 1 unread")
    picture(ann.page, look, "together-comment")
    assert serious(ann.page) == []
    thread.get_by_label("Reply").fill("Yes. You write it.")
    thread.get_by_label("Reply").press("Control+Enter")
    expect(bob.page.locator(".nx-thread")).to_contain_text("Yes. You write it.")
    theirs.press("Home")
    bob.page.keyboard.type("Well: ")
    expect(mine).to_have_value(f"Well: {TEXT}, at last")
    bob.page.get_by_label("Resolve this thread").click()
    expect(thread).to_be_hidden()
    saved(bob.page)
    settled(bench, flow, lambda nodes: nodes["greet"]["config"]["template"] == f"Well: {TEXT}, at last")

    ann.page.get_by_role("link", name="Publish").click()
    expect(ann.page.locator("form.nx-card")).to_contain_text("Olive Owner has the draft open right now")
    picture(ann.page, look, "together-publish")
    assert serious(ann.page) == []
    theirs.press("Home")
    bob.page.keyboard.type("Unseen: ")
    saved(bob.page)
    settled(bench, flow, lambda nodes: "Unseen" in nodes["greet"]["config"]["template"])
    for published in ([], [f"Unseen: Well: {TEXT}, at last"]):
        ann.page.get_by_role("checkbox").check()
        ann.page.get_by_role("button", name="Publish").click()
        if not published:
            expect(ann.page.get_by_text("it was changed since", exact=False).first).to_be_visible()
        else:
            ann.page.wait_for_url("**/change/")
        assert versions(bench, flow) == published, "what was not seen is not published"
    assert ann.too_wide() <= 0
    assert ann.wrong == bob.wrong == []
