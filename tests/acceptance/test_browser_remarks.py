"""Comments on words of a text, begun in the editor, marked in it for everybody, and found again from their thread."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from collaboration.models import CommentThread, Notification
from tests.axe import serious
from tests.browser import Hall, apart
from tests.co_editing import (
    LOOKS,
    drafted,
    greeting,
    hall,
    nodes_of,
    panel,
    picture,
    saved,
    settled,
    take,
    visit,
)  # fmt: skip
from tests.workbench import Bench

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


def mark(page: Page, field: Any, words: str) -> None:
    """Select the words as by keyboard or mouse."""
    field.evaluate(
        """(field, words) => { field.focus(); const at = field.value.indexOf(words);
        field.setSelectionRange(at, at + words.length); }""",
        words,
    )
    expect(page.locator(".nx-remark-it")).to_be_visible()


def say(page: Page, words: str) -> None:
    page.get_by_label("New comment").fill(words)
    page.locator("#nx-talk").get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator(".nx-thread")).to_contain_text(words)


def marked(page: Page) -> Any:
    return panel(page).locator(".nx-remark")


@pytest.mark.parametrize("look", LOOKS, ids=["light", "dark", "phone"])
def test_a_comment_on_marked_words_is_seen_at_them_by_all(bench: Bench, hall: Hall, look: dict[str, Any]) -> None:
    flow = drafted(bench)
    one, two = visit(hall, flow, **look), visit(hall, flow, "owner")
    mine, theirs = take(one.page, "Greet"), take(two.page, "Greet")
    mark(one.page, mine, "Hello")
    assert serious(one.page, "#nx-node-panel") == []
    picture(one.page, look, "remark-begun")
    one.page.locator(".nx-remark-it").click()
    expect(one.page.get_by_label("New comment")).to_be_focused()
    expect(one.page.locator(".nx-about")).to_contain_text("“Hello” in Greet")
    say(one.page, "Warmer, please")
    for page in (one.page, two.page):
        expect(marked(page)).to_have_text("Hello")
        expect(page.locator(".nx-quote")).to_have_text("Hello")
    theirs.press("Home")
    two.page.keyboard.type("Well: ")
    expect(mine).to_have_value(f"Well: {TEXT}")
    expect(marked(one.page)).to_have_text("Hello")
    picture(one.page, look, "remark")
    assert serious(one.page) == []
    assert one.too_wide() <= 0
    assert one.wrong == two.wrong == []


def test_a_thread_leads_to_its_words_and_words_to_their_thread_by_keyboard(bench: Bench, hall: Hall) -> None:
    flow = drafted(bench)
    one = visit(hall, flow)
    page = one.page
    field = take(page, "Greet")
    field.press("End")
    for _ in range(2):
        page.keyboard.press("Control+Shift+ArrowLeft")
    words = field.evaluate("(field) => field.value.slice(field.selectionStart, field.selectionEnd)")
    page.keyboard.press("Control+Alt+m")
    expect(page.get_by_label("New comment")).to_be_focused()
    page.keyboard.type("Which topic?")
    page.keyboard.press("Control+Enter")
    expect(marked(page)).to_have_text(words)
    panel(page).get_by_role("button", name="All steps").click()
    expect(marked(page)).to_have_count(0)
    page.locator(".nx-thread .nx-place").focus()
    page.keyboard.press("Enter")
    expect(field).to_be_focused()
    chosen = "(field) => field.value.slice(field.selectionStart, field.selectionEnd)"
    assert field.evaluate(chosen) == words
    expect(page.locator(".nx-remark-now")).to_have_text(words)
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".nx-remark-it")).to_have_text(re.compile("Show the comment"))
    page.keyboard.press("Control+Alt+m")
    expect(page.locator(".nx-thread")).to_be_focused()
    assert one.wrong == []


def test_words_that_are_gone_are_said_to_be_gone(bench: Bench, hall: Hall) -> None:
    flow = drafted(bench)
    one = visit(hall, flow)
    page = one.page
    field = take(page, "Greet")
    mark(page, field, "Hello")
    page.locator(".nx-remark-it").click()
    say(page, "Warmer, please")
    field.fill("Good day")
    saved(page)
    expect(marked(page)).to_have_count(0)
    settled(bench, flow, lambda nodes: nodes["greet"]["config"]["template"] == "Good day")
    place = page.locator(".nx-thread button.nx-place")
    if place.count():
        place.click()
    expect(page.locator(".nx-thread")).to_contain_text("Its place is gone")
    panel(page).get_by_role("heading", name="Greet").wait_for()
    page.get_by_role("button", name="Undo").first.click()
    expect(field).to_have_value(TEXT)
    page.reload()
    take(page, "Greet")
    expect(marked(page)).to_have_text("Hello")
    assert nodes_of(bench, flow)["greet"]


def test_words_in_a_row_of_a_list_can_be_commented_on(bench: Bench, hall: Hall) -> None:
    flow = drafted(bench, greeting())
    one = visit(hall, flow)
    page = one.page
    panel(page).get_by_role("link", name="Which way?").click()
    field = panel(page).locator("[name=config-cases-0-when]")
    expect(field).to_have_attribute("data-shared", "")
    mark(page, field, "size")
    page.locator(".nx-remark-it").click()
    say(page, "Why the size?")
    expect(marked(page)).to_have_text("size")
    assert one.wrong == []
