"""A person looks at who changed what, restores a state, and publishes what is not theirs alone; in a real browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.axe import serious
from tests.browser import open_hall
from tests.cast import PASSWORD, email
from tests.workbench import Bench, definition, output, text

pytestmark = pytest.mark.browser
LOOKS: dict[str, dict[str, bool]] = {"light": {}, "dark": {"dark": True}, "phone": {"phone": True}}
PROMPT = "Write a short answer about {{ inputs.topic }}. Be kind."


def saying(words: str, **fields: Any) -> dict[str, Any]:
    return definition([text("a", words, title="Write") | fields, output()])


def picture(page: Page, look: str, name: str) -> None:
    """Keep a picture for people, where a folder was named for it."""
    if folder := os.environ.get("NEXOD_TEST_PICTURES"):
        page.wait_for_timeout(400)
        page.screenshot(path=Path(folder) / f"history-{name}-{look}.png", full_page=True)


def stands(visitor: Any, look: str, name: str) -> None:
    picture(visitor.page, look, name)
    assert visitor.too_wide() <= 0
    assert serious(visitor.page) == []


@pytest.mark.parametrize("look", LOOKS)
def test_a_draft_of_two_is_looked_at_restored_and_published(bench: Bench, port: int, look: str) -> None:
    from workflows.actions.workflows import save_draft

    flow = bench.workflow(saying("Write about {{ inputs.topic }}."))
    with bench.inside():
        save_draft(actor=bench.user("editor"), workflow=flow, definition=saying(PROMPT, timeout_s=60))
        save_draft(actor=bench.user("admin"), workflow=flow, definition=saying(f"{PROMPT} Or not.", timeout_s=60))
    path = f"/admin/workflows/workflow/{flow.pk}"
    with open_hall(port) as hall:
        visitor = hall.visitor("acme.test", **LOOKS[look])
        visitor.log_in(email("acme", "editor"), PASSWORD)
        page = visitor.go(f"{path}/history/")
        expect(page.get_by_text("changed the template and time limit of “Write”")).to_be_visible()
        page.get_by_text("Before and after").first.click()
        expect(page.locator("ins", has_text="Or not.").first).to_be_visible()
        page.get_by_label("Name of the present state").fill("For the board")
        page.get_by_role("button", name="Keep").click()
        expect(page.get_by_role("link", name="For the board")).to_be_visible()
        page.get_by_text("Before and after").first.click()
        stands(visitor, look, "history")
        page.get_by_role("link", name="Now and then").first.click()
        expect(page.get_by_role("heading", name="What differs")).to_be_visible()
        stands(visitor, look, "state")
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Go back to this").click()
        page.wait_for_url(f"**{path}/change/")
        visitor.go(f"{path}/publish/?note=Kinder")
        expect(page.get_by_label("Note on the new version")).to_have_value("Kinder")
        page.get_by_role("checkbox").check()
        stands(visitor, look, "publish")
        page.get_by_role("button", name="Publish").click()
        page.wait_for_url(f"**{path}/change/")
        visitor.go(f"{path}/versions/2/")
        expect(page.get_by_text("Kinder")).to_be_visible()
        assert visitor.wrong == []
