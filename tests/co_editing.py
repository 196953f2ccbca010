"""Two people in real browsers before one page that is edited together: what their tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Hall, Visitor, apart, open_hall
from tests.cast import PASSWORD, email
from tests.processes import until
from tests.workbench import Bench, choose, definition, node, output, text
from workflows.models import Workflow, WorkflowVersion

PATIENCE_MS, PATIENCE_S = 60_000, 60
LOOKS: list[dict[str, Any]] = [{}, {"dark": True}, {"phone": True}]


@pytest.fixture
def hall(port: int) -> Iterator[Hall]:
    with open_hall(port) as found:
        yield found


def greeting() -> dict[str, Any]:
    nodes = [
        text("greet", "Hello {{ inputs.topic }}", title="Greet"),
        choose("which", "low", high="size(inputs.topic) > 3") | {"title": "Which way?"},
        text("more", "More", title="Say more"),
        output(text="{{ nodes.greet.text }}"),
        node("words", "note", {"text": "Ask Ann first."}, title="A note"),
    ]
    return definition(nodes, ["greet which", "which more high", "which end low", "more end"])


def drafted(bench: Bench, document: dict[str, Any] | None = None) -> Workflow:
    from workflows.actions.workflows import create_workflow

    def create() -> Workflow:
        with bench.inside():
            return create_workflow(actor=bench.user(), name="Test", definition=document or greeting())

    found: Workflow = apart(create)
    return found


def draft(bench: Bench, flow: Workflow) -> dict[str, Any]:
    def read() -> dict[str, Any]:
        with bench.inside():
            return dict(WorkflowVersion.objects.get(workflow=flow, number=0).definition)

    found: dict[str, Any] = apart(read)
    return found


def nodes_of(bench: Bench, flow: Workflow) -> dict[str, Any]:
    return {node["id"]: node for node in draft(bench, flow)["nodes"]}


def enter(hall: Hall, path: str, role: str = "editor", **look: Any) -> Visitor:
    """Let somebody of acme open a page that is edited together, and wait until it is live."""
    visitor = hall.visitor("acme.test", **look)
    visitor.page.context.set_default_timeout(PATIENCE_MS)
    visitor.log_in(email("acme", role), PASSWORD)
    page = visitor.go(path)
    expect(page.locator("html")).to_have_attribute("data-together", "live")
    return visitor


def visit(hall: Hall, flow: Workflow, role: str = "editor", **look: Any) -> Visitor:
    """Let somebody open the workflow's page, and wait until it is live."""
    visitor = enter(hall, f"/admin/workflows/workflow/{flow.pk}/change/", role, **look)
    expect(panel(visitor.page).get_by_role("link", name="Greet")).to_be_visible()
    return visitor


def panel(page: Page) -> Any:
    return page.locator("#nx-node-panel")


def take(page: Page, title: str) -> Any:
    """Take a node in hand, and return the field of its template."""
    panel(page).get_by_role("link", name=title).click()
    expect(panel(page).get_by_role("heading", name=title)).to_be_visible()
    return panel(page).locator("#id_config-template")


def saved(page: Page) -> None:
    expect(page.locator("#nx-live-state")).to_contain_text("Saved")


def settled(bench: Bench, flow: Workflow, what: Any) -> None:
    """Wait until the draft that everything else reads says so."""
    assert until(lambda: what(nodes_of(bench, flow)), PATIENCE_S), draft(bench, flow)


def picture(page: Page, look: dict[str, Any], name: str) -> None:
    """Keep a picture for people, where a folder was named for it."""
    if folder := os.environ.get("NEXOD_TEST_PICTURES"):
        page.wait_for_timeout(400)
        page.screenshot(path=Path(folder) / f"{name}-{next(iter(look), 'light')}.png", full_page=True)
