"""A person finds a failed run, reads what happened and was undone, changes something, and lets it go on; in a real browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import open_hall
from tests.cast import PASSWORD, email
from tests.workbench import Bench, definition, output, text

pytestmark = pytest.mark.browser

ORDER = definition(
    [
        text("quote", "For {{ inputs.topic }}", title="Quote the price"),
        text("reserve", "Reserved for {{ inputs.topic }}", title="Reserve the seats", undo="release"),
        text("charge", "{{ 12 // (inputs.topic | length) }} charged", title="Charge the card", undo="refund"),
        text("mail", "{{ 1 // 0 }}", title="Send the ticket"),
        text("note", "Not sent: {{ nodes.mail.error.message }}", title="Note what went wrong"),
        text("book", "{{ 6 // (inputs.topic | length - 5) }}", title="Book the room"),
        output(said="{{ nodes.book.text }}"),
        text("release", "Released {{ nodes.reserve.text }}", title="Release the seats"),
        text("refund", "{{ 1 // 0 }}", title="Refund the card"),
    ],
    ["quote reserve", "reserve charge", "charge mail", "mail book", "mail note error", "note book", "book end"],
)


@pytest.mark.parametrize("look", [{}, {"dark": True}, {"phone": True}], ids=["light", "dark", "phone"])
def test_a_failed_run_is_changed_and_goes_on(bench: Bench, port: int, look: dict[str, Any]) -> None:
    run = bench.ran(ORDER)
    assert (run.status, run.error["node"]) == ("failed", "book")
    with open_hall(port) as hall:
        visitor = hall.visitor("acme.test", **look)
        visitor.log_in(email("acme", "editor"), PASSWORD)
        page = visitor.go(f"/admin/workflows/run/?reason={run.error['code']}")
        expect(page.locator("#result_list")).to_contain_text("at book")
        _picture(page, look, "list")
        page.goto(f"{visitor.base}/admin/workflows/run/{run.id}/change/")
        expect(page.locator("#nx-part-head")).to_contain_text("Undone: Reserve the seats")
        expect(page.locator("#nx-part-head")).to_contain_text("Not undone: Charge the card.")
        expect(page.locator("#nx-part-steps")).to_contain_text("Failed, handled")
        assert page.locator(".nx-edge.nx-fails").count() == 1
        assert page.locator(".nx-edge.nx-undo").count() == 2
        _picture(page, look, "run")
        assert visitor.too_wide() <= 0
        page.get_by_role("link", name="Change and resume").click()
        page.get_by_label("Topic").fill("")
        page.locator("summary", has_text="Quote the price").click()
        page.locator('[name="output-quote"]').fill("{")
        page.get_by_role("button", name="Resume").click()
        expect(page.get_by_text("This is not JSON")).to_be_visible()
        _picture(page, look, "refused")
        assert visitor.too_wide() <= 0
        page.get_by_label("Topic").fill("oceans")
        page.locator('[name="output-quote"]').fill('{"text": "2 seats"}')
        page.get_by_role("button", name="Resume").click()
        page.wait_for_url("**/change/")
        expect(page.locator("#nx-timeline")).to_contain_text("Changed before it goes on")
        wrong = list(visitor.wrong)
    assert wrong == []
    again = bench.advance(run.id)
    assert (again.status, again.outputs) == ("completed", {"said": "6"})


def _picture(page: Page, look: dict[str, Any], name: str) -> None:
    """Keep a picture for people who look, where a folder was named for it."""
    if folder := os.environ.get("NEXOD_TEST_PICTURES"):
        page.wait_for_timeout(400)
        page.screenshot(path=Path(folder) / f"retry-{name}-{next(iter(look), 'light')}.png", full_page=True)
