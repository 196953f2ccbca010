"""Two people write one crew in real browsers: its tasks are added, renamed, moved and taken out while the other types."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.acceptance.test_browser_settings import save, shared, stored, visit
from tests.axe import serious
from tests.browser import Hall, inside
from tests.co_editing import LOOKS, hall, picture
from tests.teams import make_crew
from tests.workbench import Bench

__all__ = ["hall"]
pytestmark = pytest.mark.browser


@pytest.fixture
def crew(bench: Bench) -> Any:
    from agents.models import Crew

    tasks = [{"slug": name, "agent": "Ann", "description": name} for name in ("find", "write")]
    make_crew(bench, "http://127.0.0.1:9/v1", {"Ann": {}, "Bob": {}}, tasks)
    return inside(bench, lambda: Crew.objects.get(slug="team"))


def task(page: Page, number: int) -> Locator:
    return page.locator("[data-rows=tasks] > [data-list] > li").nth(number)


def control(page: Page, number: int, field: str) -> Locator:
    return task(page, number).locator(f"[data-field={field}] :is(input, select, textarea)").first


def slugs(page: Page) -> list[str]:
    lines = page.locator("[data-rows=tasks] > [data-list] > li [data-field=slug] input")
    return [line.input_value() for line in lines.all()]


def expect_slugs(page: Page, *wanted: str) -> None:
    lines = page.locator("[data-rows=tasks] > [data-list] > li [data-field=slug] input")
    expect(lines).to_have_count(len(wanted))
    for number, slug in enumerate(wanted):
        expect(lines.nth(number)).to_have_value(slug)


def chosen(page: Page, number: int, field: str, value: str) -> None:
    control(page, number, field).fill(value)
    control(page, number, field).press("Tab")


def test_two_write_one_task_at_once_and_saving_takes_what_is_seen(bench: Bench, crew: Any, hall: Hall) -> None:
    one, two = visit(hall, crew), visit(hall, crew, "owner")
    mine, theirs = control(one.page, 0, "description"), control(two.page, 0, "description")
    mine.press("End")
    theirs.press("Home")
    for a, b in zip(" it all", "Please ", strict=True):
        one.page.keyboard.type(a)
        two.page.keyboard.type(b)
    for words in (mine, theirs):
        expect(words).to_have_value("Please find it all")
    expect(one.page.locator(".nx-caret")).to_have_attribute(
        "data-name", str(inside(bench, lambda: bench.user("owner")))
    )
    control(two.page, 1, "agent").select_option(label="Bob")
    expect(control(one.page, 1, "agent").locator("option:checked")).to_have_text("Bob")
    expect(one.page.locator("[data-who-does-what] li").nth(1)).to_contain_text("Bob")
    for page in (one.page, two.page):
        shared(page)
        expect(page.locator("#nx-unsaved")).to_have_text("2 changes not saved")
    save(one.page)
    expect(one.page.locator("body")).to_contain_text("Please find it all")
    one.page.get_by_label("I have looked at").check()
    save(one.page)
    expect(two.page.locator("#nx-unsaved")).to_have_text("As it is saved")
    tasks = inside(bench, lambda: list(crew.tasks.order_by("order").values_list("description", "agent__name")))
    assert tasks == [("Please find it all", "Ann"), ("write", "Bob")]
    assert one.wrong == two.wrong == []


def test_a_task_is_added_while_the_other_types(bench: Bench, crew: Any, hall: Hall) -> None:
    one, two = visit(hall, crew), visit(hall, crew, "owner")
    typing = control(one.page, 1, "description")
    typing.press("End")
    one.page.keyboard.type(" well")
    two.page.get_by_role("button", name="Add task").click()
    expect_slugs(one.page, "find", "write", "task-3")
    expect(control(two.page, 2, "slug")).to_be_focused()
    one.page.keyboard.type(" and briefly")
    expect(control(two.page, 1, "description")).to_have_value("write well and briefly")
    chosen(two.page, 2, "slug", "check")
    expect_slugs(one.page, "find", "write", "check")
    control(two.page, 2, "description").click()
    two.page.keyboard.type("Check it.")
    control(one.page, 2, "expected_output").click()
    one.page.keyboard.type("A verdict.")
    expect(control(one.page, 2, "description")).to_have_value("Check it.")
    expect(control(two.page, 2, "expected_output")).to_have_value("A verdict.")
    control(one.page, 2, "agent").select_option(label="Bob")
    task(one.page, 2).get_by_label("find", exact=True).check()
    expect(task(two.page, 2).get_by_label("find", exact=True)).to_be_checked()
    shared(one.page)
    expect(one.page.locator("#nx-problems li")).to_have_count(0)
    save(one.page)
    one.page.get_by_label("I have looked at").check()
    save(one.page)
    expect(two.page.locator("#nx-unsaved")).to_have_text("As it is saved")

    def added() -> Any:
        row = crew.tasks.get(slug="check")
        return row.order, row.description, row.expected_output, row.agent.name, [one.slug for one in row.context.all()]

    assert inside(bench, added) == (3, "Check it.", "A verdict.", "Bob", ["find"])
    assert one.wrong == two.wrong == []


def test_who_reads_a_task_follows_its_name_its_place_and_its_end(bench: Bench, crew: Any, hall: Hall) -> None:
    one, two = visit(hall, crew), visit(hall, crew, "owner")
    task(two.page, 1).get_by_label("find", exact=True).check()
    expect(task(one.page, 1).get_by_label("find", exact=True)).to_be_checked()
    chosen(one.page, 0, "slug", "search")
    expect(task(two.page, 1).get_by_label("search", exact=True)).to_be_checked()
    expect(control(two.page, 1, "context")).to_have_value("search")
    task(two.page, 1).get_by_role("button", name="Move up").first.click()
    expect_slugs(one.page, "write", "search")
    expect(one.page.locator("#nx-problems")).to_contain_text("No task before it is called search.")
    two.page.get_by_role("button", name="Undo").click()
    expect_slugs(one.page, "search", "write")
    expect(one.page.locator("#nx-problems li")).to_have_count(0)
    task(one.page, 0).get_by_role("button", name="Remove task").click()
    expect_slugs(two.page, "write")
    expect(control(two.page, 0, "context")).to_have_value("")
    shared(one.page)
    save(two.page)
    two.page.get_by_label("I have looked at").check()
    save(two.page)
    expect(one.page.locator("#nx-unsaved")).to_have_text("As it is saved")
    assert inside(bench, lambda: [row.slug for row in crew.tasks.all()]) == ["write"]
    assert one.wrong == two.wrong == []


def test_what_cannot_be_is_said_at_its_task_and_kept(bench: Bench, crew: Any, hall: Hall) -> None:
    one, two = visit(hall, crew), visit(hall, crew, "owner")
    control(one.page, 0, "description").fill("")
    expect(two.page.locator("#nx-problems")).to_contain_text("description")
    expect(control(two.page, 0, "description")).to_have_value("")
    expect_slugs(two.page, "find", "write")
    task(one.page, 0).get_by_text("Guardrails", exact=True).first.click()
    task(one.page, 0).get_by_role("button", name="Length and words").click()
    task(one.page, 0).get_by_label("At most … words").fill("40")
    one.page.keyboard.press("Tab")
    task(two.page, 0).get_by_text("Guardrails", exact=True).first.click()
    expect(task(two.page, 0).get_by_label("At most … words")).to_have_value("40")
    two.page.locator("#nx-problems button").first.click()
    expect(control(two.page, 0, "description")).to_be_focused()
    two.page.keyboard.type("Find it.")
    expect(one.page.locator("#nx-problems li")).to_have_count(0)
    assert one.wrong == two.wrong == []


def test_who_may_not_write_reads_and_follows(bench: Bench, crew: Any, hall: Hall) -> None:
    one, viewer = visit(hall, crew), visit(hall, crew, "viewer")
    control(one.page, 0, "description").press("End")
    one.page.keyboard.type(" it")
    one.page.get_by_role("button", name="Add task").click()
    expect_slugs(viewer.page, "find", "write", "task-3")
    expect(control(viewer.page, 0, "description")).to_have_value("find it")
    expect(control(viewer.page, 0, "description")).to_be_disabled()
    assert viewer.page.get_by_role("button", name="Add task").count() == 0
    assert one.wrong == viewer.wrong == []


@pytest.mark.parametrize("look", LOOKS, ids=["light", "dark", "phone"])
def test_it_looks_well(bench: Bench, crew: Any, hall: Hall, look: dict[str, Any]) -> None:
    one, two = visit(hall, crew, **look), visit(hall, crew, "owner")
    control(two.page, 0, "description").press("End")
    two.page.keyboard.type(" everything")
    expect(control(one.page, 0, "description")).to_have_value("find everything")
    expect(one.page.locator(".nx-caret")).to_be_visible()
    task(one.page, 0).get_by_text("Who approves", exact=True).first.click()
    picture(one.page, look, "settings-crew")
    assert one.too_wide() <= 0
    assert serious(one.page) == []
    assert one.wrong == []
    assert stored(bench, crew).name
