"""Somebody opens the link of an e-mail on a phone or at a desk, reads, and decides without logging in; in a real browser."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.axe import serious
from tests.browser import open_hall
from tests.workbench import Bench, ask, definition, output, text
from workflows.links import approval_link

pytestmark = pytest.mark.browser
LOOKS = {"light": {}, "dark": {"dark": True}, "phone": {"phone": True}}
CONTENT = (
    "# Offer 4711\n\nWe deliver **12 pumps** by *1 March*.\n\n| part | price |\n|---|---|\n| pump | 1,200 |\n\n"
    "> As agreed by phone.\n\n[The terms](https://example.org/terms)"
)
OFFER = definition(
    [
        text("a", CONTENT),
        ask("ok", "{{ nodes.a.text }}", title="Send offer 4711 to Globex?", instructions="Is the price right?",
            policy={"who": {"roles": ["approver"]}, "due": {"after": "6h"}}),
        output(),
    ],
    ["a ok", "ok end approve", "ok a request_changes"],
    limits={"visits": 4},
)  # fmt: skip


def picture(page: Page, name: str, look: str) -> None:
    """Keep a picture for people who look, where a folder was named for it."""
    if folder := os.environ.get("NEXOD_TEST_PICTURES"):
        page.screenshot(path=Path(folder) / f"link-{name}-{look}.png", full_page=True)


@pytest.mark.parametrize("look", LOOKS)
def test_a_link_is_opened_read_and_decided(bench: Bench, port: int, look: str) -> None:
    from workflows.models import Approval

    run = bench.ran(OFFER)
    with bench.inside():
        approval = Approval.objects.get(run=run.id)
        path = urlsplit(approval_link(approval, bench.user("approver"))).path
    with open_hall(port) as hall:
        visitor = hall.visitor("acme.test", **LOOKS[look])
        page = visitor.go(path)
        expect(page.locator("h1").first).to_have_text("Send offer 4711 to Globex?")
        expect(page.get_by_role("button", name="Approve")).to_be_visible()
        picture(page, "ask", look)
        assert serious(page) == []
        assert visitor.too_wide() <= 0
        page.get_by_role("button", name="Request changes").click()
        expect(page.get_by_role("alert")).to_contain_text("Say what should change")
        page.get_by_label("Comment").fill("Which pumps?")
        page.get_by_role("button", name="Request changes").click()
        expect(page.locator("h1")).to_have_text("Changes requested")
        picture(page, "done", look)
        assert serious(page) == []
        visitor.go(path)
        expect(page.locator("h1")).to_have_text("You have decided already")
        picture(page, "used", look)
        assert serious(page) == []
        visitor.go("/decide/nothing")
        expect(page.locator("h1")).to_have_text("There is no such link")
        wrong = [line for line in visitor.wrong if "400" not in line and "40" not in line]
    assert wrong == []
    assert bench.advance(run.id).status == "waiting"
