"""A person changes a workflow by forms, compares its versions, goes back to one, and tries the draft; in a real browser."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import open_hall
from tests.cast import PASSWORD, email
from tests.processes import until
from tests.workbench import Bench, choose, definition, node, output, text
from workflows.models import WorkflowVersion

pytestmark = pytest.mark.browser
PATIENCE_S = 60


def graded(word: str) -> dict[str, Any]:
    nodes = [
        text("greet", f"{word} {{{{ inputs.topic }}}}", title="Greet"),
        choose("which", "low", high="size(inputs.topic) > 3") | {"title": "Which way?"},
        node("all", "map", {"items": "[1, 2]", "each": "work"}, title="Every one"),
        output(text="{{ nodes.greet.text }}"),
        text("work", "w", title="Work"),
        node("words", "note", {"text": "Ask Ann first."}, title="A note"),
    ]
    return definition(nodes, ["greet which", "which all high", "which end low", "all end"])


def picture(page: Page, look: dict[str, Any], name: str) -> None:
    """Keep a picture for people, where a folder was named for it."""
    if folder := os.environ.get("NEXOD_TEST_PICTURES"):
        page.wait_for_timeout(400)
        page.screenshot(path=Path(folder) / f"workflows-{name}-{next(iter(look), 'light')}.png", full_page=True)


def rows_are_edited(visitor: Any, panel: Any, look: dict[str, Any]) -> None:
    """Add, move and take away rows by mouse and by keyboard; rename a node; take a change back."""
    page = visitor.page
    panel.get_by_role("button", name="All steps").click()
    panel.get_by_role("link", name="Which way?").click()
    cases = panel.get_by_role("group", name="Cases")
    cases.get_by_role("button", name="Add to Cases").click()
    expect(cases.get_by_label("Route").last).to_be_focused()
    page.keyboard.type("odd")
    cases.get_by_label("When").last.fill("nope.x")
    cases.get_by_label("When").last.blur()
    expect(cases.locator("[data-row]").last.locator(".nx-errors").last).to_contain_text("nope")
    picture(page, look, "rows")
    assert visitor.too_wide() <= 0
    cases.get_by_label("When").last.fill("size(inputs.topic) > 9")
    cases.get_by_label("Route").last.focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(cases.get_by_label("Route").first).to_have_value("odd")
    expect(cases.get_by_label("Route").first).to_be_focused()
    cases.get_by_role("button", name="Remove").last.click()
    expect(cases.locator("[data-row]")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(cases.locator("[data-row]")).to_have_count(2)
    cases.get_by_role("button", name="Remove").first.click()
    expect(cases.get_by_label("Route")).to_have_value("high")
    panel.get_by_role("button", name="All steps").click()
    panel.get_by_role("link", name="end").click()
    outputs = panel.get_by_role("group", name="Outputs of the run")
    outputs.get_by_label("How Value is given").select_option("1")
    outputs.get_by_label("Expression").fill("size(nodes.greet.text)")
    outputs.get_by_label("Expression").blur()
    picture(page, look, "ways")
    assert visitor.too_wide() <= 0
    panel.get_by_text("Name in expressions").click()
    panel.get_by_label("Name", exact=True).last.fill("greet")
    panel.get_by_role("button", name="Rename").click()
    expect(panel.get_by_role("alert")).to_contain_text("called 'greet' already")
    panel.get_by_label("Name", exact=True).last.fill("the_end")
    page.keyboard.press("Enter")
    expect(panel.locator("[data-node-form=the_end]")).to_be_visible()
    expect(page.locator("#nx-check-state")).to_have_text("Can run")


def differs(visitor: Any, path: str) -> bool:
    """Look whether the draft that everything else reads has what was written last."""
    visitor.go(path).get_by_role("link", name="What differs").click()
    visitor.page.wait_for_load_state("load")
    return bool(visitor.page.locator("ins", has_text="Once more").count())


@pytest.mark.parametrize("look", [{}, {"dark": True}, {"phone": True}], ids=["light", "dark", "phone"])
def test_a_workflow_is_changed_by_forms_and_tried(bench: Bench, port: int, look: dict[str, Any]) -> None:
    from workflows.actions.workflows import publish_workflow, save_draft

    flow = bench.workflow(graded("Hello"))
    with bench.inside():
        save_draft(actor=bench.user(), workflow=flow, definition=graded("Good day"))
        publish_workflow(actor=bench.user(), workflow=flow, note="Politer")
    path = f"/admin/workflows/workflow/{flow.pk}"
    with open_hall(port) as hall:
        visitor = hall.visitor("acme.test", **look)
        visitor.log_in(email("acme", "editor"), PASSWORD)
        page = visitor.go(f"{path}/change/")
        panel = page.locator("#nx-node-panel")
        expect(panel.get_by_role("link", name="Greet")).to_be_visible()
        picture(page, look, "steps")
        assert visitor.too_wide() <= 0
        page.locator('#nx-graph a[aria-label^="Greet"]').focus()
        page.keyboard.press("Enter")
        expect(panel.get_by_role("heading", name="Greet")).to_be_focused()
        field = panel.get_by_label("Template")
        field.fill("{{ nope.x }}")
        field.blur()
        expect(panel.locator(".nx-errors li").first).to_contain_text("nope")
        picture(page, look, "problem")
        assert visitor.too_wide() <= 0
        field.fill("Welcome to {{ inputs.topic }}")
        panel.get_by_role("button", name="All steps").click()
        panel.get_by_label("What it does").select_option("template")
        panel.get_by_label("Title").fill("Second thought")
        panel.get_by_label("Where").select_option("after:greet:")
        panel.get_by_role("button", name="Add", exact=True).click()
        expect(panel.get_by_role("heading", name="Second thought")).to_be_visible()
        panel.get_by_label("Template").fill("Once more")
        rows_are_edited(visitor, panel, look)
        page.get_by_role("tab", name="JSON").click()
        expect(page.locator("textarea[data-definition]")).to_have_value(re.compile("second_thought"))
        page.get_by_role("tab", name="Steps").click()
        expect(page.locator("#nx-check-state")).to_have_text("Can run")
        picture(page, look, "node")
        expect(page.locator("#nx-live-state")).to_contain_text("Saved")
        assert until(lambda: differs(visitor, f"{path}/change/"), PATIENCE_S)
        expect(page.locator("svg .nx-node.nx-attention").first).to_be_visible()
        picture(page, look, "differs")
        assert visitor.too_wide() <= 0
        visitor.go(f"{path}/versions/1/")
        picture(page, look, "version")
        assert visitor.too_wide() <= 0
        page.get_by_role("link", name="Use again").click()
        page.get_by_label("Why").fill("Simpler")
        picture(page, look, "use")
        page.get_by_role("button", name="Use version 1").click()
        expect(page.locator("body")).to_contain_text("New runs use version 1 again")
        page.get_by_role("link", name="Try this draft").click()
        page.locator("summary", has_text="Greet").click()
        page.get_by_label("Do not execute Greet").check()
        page.get_by_label("Output of Greet").fill('{"text": "pinned"}')
        picture(page, look, "try")
        assert visitor.too_wide() <= 0
        page.get_by_role("button", name="Try it").click()
        expect(page.locator("body")).to_contain_text("Pinned, not executed")
        picture(page, look, "run")
        visitor.go("/admin/workflows/import/")
        picture(page, look, "import")
        assert visitor.too_wide() <= 0
        assert visitor.wrong == []
    with bench.inside():
        draft = WorkflowVersion.objects.get(workflow=flow, number=0).definition
        nodes = {node["id"]: node for node in draft["nodes"]}
        assert nodes["the_end"]["config"]["outputs"] == {"text": {"cel": "size(nodes.greet.text)"}}
        assert [case["route"] for case in nodes["which"]["config"]["cases"]] == ["high"]
        assert nodes["greet"]["config"]["template"] == "Welcome to {{ inputs.topic }}"
        assert nodes["second_thought"]["config"]["template"] == "Once more"
