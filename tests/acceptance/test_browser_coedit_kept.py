"""What is asked of the server while it is away is done later, or said not to have happened; lists merge row by row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.axe import serious
from tests.browser import Hall, Visitor
from tests.cast import PASSWORD, email
from tests.co_editing import (
    LOOKS,
    draft,
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


def go_offline(page: Page) -> None:
    page.context.set_offline(True)
    expect(page.locator("html")).to_have_attribute("data-together", "offline")


def waiting(page: Page) -> Any:
    return page.locator(".nx-waiting")


def add(page: Page, title: str) -> None:
    here = panel(page)
    here.get_by_label("What it does").select_option("template")
    here.get_by_label("Title").fill(title)
    here.get_by_label("Where").select_option("after:more:")
    here.get_by_role("button", name="Add", exact=True).click()


@pytest.mark.parametrize("look", LOOKS, ids=["light", "dark", "phone"])
def test_a_step_that_is_added_without_a_connection_comes_when_it_is_back(
    bench: Bench, hall: Hall, look: dict[str, Any]
) -> None:
    flow = drafted(bench)
    one, two = visit(hall, flow, **look), visit(hall, flow, "owner")
    go_offline(one.page)
    add(one.page, "Later thought")
    expect(waiting(one.page)).to_contain_text("Waits until the server can be reached: add “Later thought”.")
    expect(one.page.locator("#nx-live-state")).to_contain_text("kept here")
    assert serious(one.page) == []
    assert one.too_wide() <= 0
    picture(one.page, look, "waits")
    theirs = take(two.page, "Say more")
    theirs.fill("Theirs")
    panel(two.page).get_by_text("Name in expressions").click()
    panel(two.page).locator("[name=new-id]").fill("much_more")
    panel(two.page).get_by_role("button", name="Rename").click()
    settled(bench, flow, lambda nodes: "much_more" in nodes)
    one.page.context.set_offline(False)
    expect(panel(one.page).get_by_role("heading", name="Later thought")).to_be_visible()
    expect(waiting(one.page)).to_be_hidden()
    saved(one.page)
    settled(bench, flow, lambda _: {"from": "much_more", "to": "later_thought"} in draft(bench, flow)["edges"])
    assert nodes_of(bench, flow)["much_more"]["config"]["template"] == "Theirs"


def test_what_waits_is_asked_one_after_the_other_or_not_at_all(bench: Bench, hall: Hall) -> None:
    flow = drafted(bench)
    one, two = visit(hall, flow), visit(hall, flow, "owner")
    page = one.page
    take(page, "Say more")
    go_offline(page)
    panel(page).get_by_text("Name in expressions").click()
    panel(page).locator("[name=new-id]").fill("still_more")
    panel(page).get_by_role("button", name="Rename").click()
    panel(page).get_by_text("Time limit, tries, undo").click()
    panel(page).locator("[name=step-timeout_s]").fill("7")
    panel(page).locator("[name=step-timeout_s]").blur()
    expect(waiting(page)).to_contain_text("rename “Say more”; change “Say more”")
    page.context.set_offline(False)
    expect(waiting(page)).to_be_hidden()
    settled(bench, flow, lambda nodes: nodes.get("still_more", {}).get("timeout_s") == 7)
    go_offline(page)
    panel(page).get_by_role("button", name="Delete").click()
    expect(waiting(page)).to_contain_text("delete “Say more”")
    waiting(page).get_by_role("button", name="Do not do it").click()
    expect(waiting(page)).to_contain_text("Did not happen: delete “Say more”")
    page.context.set_offline(False)
    saved(page)
    expect(two.page.locator('#nx-graph [data-node="still_more"]')).to_be_visible()
    assert "still_more" in nodes_of(bench, flow)


def test_what_waits_for_a_step_that_others_delete_is_said_not_to_have_happened(bench: Bench, hall: Hall) -> None:
    flow = drafted(bench)
    one, two = visit(hall, flow), visit(hall, flow, "owner")
    page = one.page
    take(page, "Say more")
    page.route("**/admin/workflows/edit/", lambda route: route.abort())
    panel(page).get_by_text("Time limit, tries, undo").click()
    panel(page).locator("[name=step-timeout_s]").fill("7")
    panel(page).locator("[name=step-timeout_s]").blur()
    expect(waiting(page)).to_contain_text("change “Say more”")
    take(two.page, "Say more")
    panel(two.page).get_by_role("button", name="Delete").click()
    expect(two.page.locator('#nx-graph [data-node="more"]')).to_have_count(0)
    settled(bench, flow, lambda nodes: "more" not in nodes)
    page.unroute("**/admin/workflows/edit/")
    expect(panel(page).locator(".nx-errors li").first).to_contain_text("deleted")
    expect(waiting(page)).to_be_hidden()


def test_two_change_different_rows_of_one_list_and_type_in_one(bench: Bench, hall: Hall) -> None:
    flow = drafted(bench, greeting())
    one, two = at_the_cases(hall, flow), at_the_cases(hall, flow, "owner")
    when = panel(one.page).locator("[name=config-cases-0-when]")
    when.press("End")
    one.page.keyboard.type(" && true")
    expect(panel(two.page).locator("[name=config-cases-0-when]")).to_have_value("size(inputs.topic) > 3 && true")
    go_offline(one.page)
    row(one.page, "mine", "size(inputs.topic) > 30")
    expect(waiting(one.page)).to_contain_text("change “Which way?”")
    row(two.page, "theirs", "size(inputs.topic) > 20")
    settled(bench, flow, lambda nodes: len(nodes["which"]["config"]["cases"]) == 2)
    one.page.context.set_offline(False)
    routes = ["high", "mine", "theirs"]
    settled(bench, flow, lambda nodes: sorted(case["route"] for case in nodes["which"]["config"]["cases"]) == routes)
    found = {case["route"]: case["when"] for case in nodes_of(bench, flow)["which"]["config"]["cases"]}
    assert found["high"] == "size(inputs.topic) > 3 && true"
    assert found["mine"] == "size(inputs.topic) > 30"
    expect(panel(one.page).locator("[name=config-cases-2-route]")).to_be_visible()


def test_a_row_that_is_only_here_outlives_what_others_change(bench: Bench, hall: Hall) -> None:
    flow = drafted(bench, greeting())
    one, two = at_the_cases(hall, flow), at_the_cases(hall, flow, "owner")
    cases = panel(one.page).locator('[data-rows="config-cases"]')
    with one.page.expect_response(lambda response: is_asked(response.request, "open")), held(one.page, "open"):
        with one.page.expect_request(lambda request: is_asked(request, "open")):
            row(two.page, "theirs", "size(inputs.topic) > 20")
        cases.get_by_role("button", name="Add").click()
    mine = cases.locator("[data-row]").last
    expect(mine.locator("[name$=-route]")).to_be_focused()
    mine.locator("[name$=-route]").fill("mine")
    panel(one.page).get_by_role("heading", name="Which way?").click()
    expect(cases.locator("[name=config-cases-1-route]")).to_have_value("theirs")
    expect(cases.locator("[data-row]")).to_have_count(3)
    expect(mine.locator("[name$=-route]")).to_have_value("mine")
    mine.locator("[name$=-when]").fill("size(inputs.topic) > 30")
    mine.locator("[name$=-when]").blur()
    routes = ["high", "theirs", "mine"]
    settled(bench, flow, lambda nodes: [case["route"] for case in nodes["which"]["config"]["cases"]] == routes)
    one.page.get_by_role("button", name="Undo").first.click()
    expect(cases.locator("[data-row]")).to_have_count(2)


def test_what_is_asked_while_others_rename_is_done_with_the_names_of_now(bench: Bench, hall: Hall) -> None:
    flow = drafted(bench)
    one, two = visit(hall, flow), visit(hall, flow, "owner")
    with held(one.page, "add"):
        add(one.page, "Later thought")
        rename(two.page, "more", "much_more")
        settled(bench, flow, lambda nodes: "much_more" in nodes)
        expect(one.page.locator('a[href="#node-much_more"]').first).to_be_attached()
    settled(bench, flow, lambda _: {"from": "much_more", "to": "later_thought"} in draft(bench, flow)["edges"])
    panel(one.page).get_by_role("button", name="All steps").click()
    take(one.page, "Say more")
    panel(one.page).get_by_text("Time limit, tries, undo").click()
    with held(one.page, "apply"):
        panel(one.page).locator("[name=step-timeout_s]").fill("7")
        panel(one.page).locator("[name=step-timeout_s]").blur()
        rename(two.page, "much_more", "even_more")
        expect(one.page.locator('a[href="#node-even_more"]').first).to_be_attached()
    settled(bench, flow, lambda nodes: nodes.get("even_more", {}).get("timeout_s") == 7)
    panel(one.page).locator("[name=step-timeout_s]").fill("8")
    panel(one.page).locator("[name=step-timeout_s]").blur()
    settled(bench, flow, lambda nodes: nodes["even_more"].get("timeout_s") == 8)
    assert one.wrong == two.wrong == []


def test_a_space_at_the_end_of_a_text_outlives_a_change_beside_it(bench: Bench, hall: Hall) -> None:
    flow = drafted(bench)
    page = visit(hall, flow).page
    field = take(page, "Say more")
    field.press("End")
    page.keyboard.type(" ")
    panel(page).get_by_text("Time limit, tries, undo").click()
    panel(page).locator("[name=step-timeout_s]").fill("7")
    panel(page).locator("[name=step-timeout_s]").blur()
    settled(bench, flow, lambda nodes: nodes["more"].get("timeout_s") == 7)
    expect(field).to_have_value("More ")
    assert nodes_of(bench, flow)["more"]["config"]["template"] == "More "


def test_a_step_that_is_being_described_outlives_what_others_change(bench: Bench, hall: Hall) -> None:
    flow = drafted(bench)
    one, two = visit(hall, flow), visit(hall, flow, "owner")
    here = panel(one.page)
    here.get_by_label("What it does").select_option("template")
    here.get_by_label("Title").fill("Later thought")
    here.get_by_label("Where").focus()
    with one.page.expect_response(lambda response: is_asked(response.request, "open")):
        rename(two.page, "more", "much_more")
    expect(here.locator('a[href="#node-much_more"]')).to_be_visible()
    expect(here.get_by_label("Title")).to_have_value("Later thought")
    here.get_by_role("button", name="Add", exact=True).click()
    settled(bench, flow, lambda nodes: nodes.get("later_thought", {}).get("type") == "template")


def at_the_cases(hall: Hall, flow: Any, role: str = "editor") -> Visitor:
    """Take the condition in hand."""
    visitor = visit(hall, flow, role)
    panel(visitor.page).get_by_role("link", name="Which way?").click()
    expect(panel(visitor.page).locator("[name=config-cases-0-when]")).to_have_attribute("data-shared", "")
    return visitor


def rename(page: Page, node: str, to: str) -> None:
    """Give the step another name in expressions."""
    page.locator(f'a[href="#node-{node}"]').first.click()
    panel(page).get_by_text("Name in expressions").click()
    panel(page).locator("[name=new-id]").fill(to)
    panel(page).get_by_role("button", name="Rename").click()


@contextmanager
def held(page: Page, what: str) -> Iterator[None]:
    """Keep the page waiting for what it asks inside the block. Nobody may sleep in it for long: routes move with playwright."""
    kept: list[Any] = []
    is_holding = [True]

    def pass_on(route: Any) -> None:
        kept.append(route) if is_holding and is_asked(route.request, what) else route.continue_()

    page.route("**/admin/workflows/edit/", pass_on)
    yield
    is_holding.clear()
    assert kept, f"nothing was asked as {what}"
    for route in kept:
        route.continue_()
    page.unroute("**/admin/workflows/edit/")


def is_asked(request: Any, what: str) -> bool:
    """Say whether that is asked of the server."""
    return request.url.endswith("/edit/") and f'name="do"\r\n\r\n{what}\r\n' in (request.post_data or "")


def row(page: Page, route: str, when: str) -> None:
    """Add a case."""
    panel(page).locator('[data-rows="config-cases"]').get_by_role("button", name="Add").click()
    panel(page).locator("[name=config-cases-1-route]").fill(route)
    panel(page).locator("[name=config-cases-1-when]").fill(when)
    panel(page).locator("[name=config-cases-1-when]").blur()


def test_without_the_wire_what_is_done_while_the_server_is_away_is_done_later(bench: Bench, hall: Hall) -> None:
    flow = drafted(bench)
    visitor = hall.visitor("acme.test")
    page = visitor.page
    page.context.set_default_timeout(60_000)
    page.route_web_socket("**/ws/documents/**", lambda socket: socket.close(code=1011))
    visitor.log_in(email("acme", "editor"), PASSWORD)
    visitor.go(f"/admin/workflows/workflow/{flow.pk}/change/")
    take(page, "Greet").fill("Kept")
    page.route("**/admin/workflows/edit/", lambda route: route.abort())
    panel(page).locator("#id_config-template").blur()
    expect(page.get_by_text("What you did waits for it.")).to_be_visible()
    page.unroute("**/admin/workflows/edit/")
    expect(page.locator("textarea[data-definition]")).to_have_value(re.compile("Kept"))
    expect(page.get_by_text("What you did waits for it.")).to_be_hidden()
