"""Credentials in a real browser: the form asks for what the kind needs, pages fit a phone, and no secret is on any of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.acceptance.test_browser import come, hall, nursery
from tests.browser import Visitor
from tests.vault import keep
from tests.workbench import Bench, definition, node, output

__all__ = ["come", "hall", "nursery"]
pytestmark = pytest.mark.browser
LOOKS: dict[str, dict[str, bool]] = {"light": {}, "dark": {"dark": True}, "phone": {"phone": True}}
PATIENCE_MS = 90_000
SECRET = "s3cret-of-the-shop"


@pytest.mark.parametrize("look", LOOKS)
def test_one_is_added_rotated_and_tried(bench: Bench, come: Callable[..., Visitor], look: str) -> None:
    visitor = come("owner", **LOOKS[look])
    page = visitor.go("/admin/agents/credential/add/")
    assert not page.locator("#id_username").is_visible()
    page.get_by_label("Sent as").select_option("basic")
    page.locator("#id_username").fill("ann")
    assert not page.locator("#id_token_url").is_visible()
    page.locator("#id_name").fill("Shop")
    page.locator("#id_hosts").fill("api.shop.example")
    page.locator("#id_secret").fill(SECRET)
    shot(visitor, "add", look)
    page.locator("[name=_continue]").first.click()
    page.get_by_role("heading", name="Where it is used").wait_for()
    assert SECRET not in page.content()
    assert page.locator("#id_username").input_value() == "ann"
    assert page.locator("#id_username").is_visible()
    assert page.locator("#id_kind").is_disabled()
    shot(visitor, "change", look)
    page.get_by_role("link", name="Rotate").click()
    page.get_by_label("New password").fill("another-secret-of-it")
    shot(visitor, "rotate", look)
    page.get_by_role("button", name="Rotate").click()
    page.get_by_text("the former one is tried until").wait_for()
    page.get_by_role("link", name="Test it").click()
    page.get_by_label("Address").fill("https://thief.example/")
    page.get_by_role("button", name="Test", exact=True).click()
    page.get_by_text("only, not to https://thief.example").wait_for()
    shot(visitor, "test", look)
    visitor.go("/admin/agents/credential/")
    shot(visitor, "list", look)
    assert not visitor.wrong


@pytest.fixture
def address(bench: Bench) -> str:
    """The page of a workflow with a tool node."""
    keep(bench, "api.example.com")
    config = {
        "tool": "http_request",
        "settings": {"hosts": ["api.example.com"]},
        "arguments": {"url": {"template": "x"}},
    }
    workflow = bench.workflow(definition([node("call", "tool", config), output()]), name="Tool")
    return f"/admin/workflows/workflow/{workflow.pk}/change/"


@pytest.mark.parametrize("look", LOOKS)
def test_a_tool_node_asks_for_what_its_tool_takes(address: str, come: Callable[..., Visitor], look: str) -> None:
    visitor = come("editor", **LOOKS[look])
    page = visitor.go(address)
    expect(page.locator("#nx-live-state")).to_contain_text("Saved", timeout=PATIENCE_MS)  # it knows the shared draft
    page.locator('a[href="#node-call"]').first.click()
    page.locator("[name=config-settings-hosts]").wait_for(timeout=PATIENCE_MS)
    assert page.locator("[name=config-settings-hosts]").input_value() == "api.example.com"
    page.locator("[name=config-settings-credential]").select_option("crm")
    shot(visitor, "tool", look)
    page.locator("[name=config-tool]").select_option("run_workflow")
    page.locator("[name=config-settings-workflow]").wait_for(timeout=PATIENCE_MS)
    shot(visitor, "tool-other", look)


def shot(visitor: Visitor, name: str, look: str) -> None:
    """See that it fits; keep a picture where NEXOD_PICTURES says so."""
    assert visitor.too_wide() <= 0, name
    if folder := os.environ.get("NEXOD_PICTURES"):
        visitor.page.screenshot(path=Path(folder) / f"credential-{name}-{look}.png", full_page=True)
