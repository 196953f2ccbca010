"""Two people write one agent, one knowledge base, one crew in real browsers; what they wrote is used when somebody saves it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.axe import serious
from tests.browser import Hall, Visitor, inside
from tests.cast import PASSWORD, email
from tests.co_editing import LOOKS, enter, hall, picture
from tests.workbench import Bench

__all__ = ["hall"]
pytestmark = pytest.mark.browser
GOAL = "Find what matters."


@pytest.fixture
def agent(bench: Bench) -> Any:
    from agents.actions.agents import create_agent

    return inside(bench, lambda: create_agent(actor=bench.user(), name="Scout", role="Researcher", goal=GOAL))


def stored(bench: Bench, row: Any) -> Any:
    return inside(bench, lambda: type(row).objects.get(pk=row.pk))


def address(row: Any) -> str:
    return f"/admin/agents/{row._meta.model_name}/{row.pk}/change/"


def visit(hall: Hall, row: Any, role: str = "editor", **look: Any) -> Visitor:
    """Let somebody open the row's page, and wait until it is live."""
    visitor = enter(hall, address(row), role, **look)
    expect(visitor.page.locator("#nx-unsaved")).to_be_visible()
    return visitor


def shared(page: Page) -> None:
    expect(page.locator("#nx-live-state")).to_contain_text("Shared")


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


def test_two_write_one_agent_and_one_of_them_saves_it(bench: Bench, hall: Hall, agent: Any) -> None:
    one, two = visit(hall, agent), visit(hall, agent, "owner")
    mine, theirs = one.page.locator("#id_goal"), two.page.locator("#id_goal")
    mine.press("End")
    theirs.press("Home")
    for a, b in zip(" Cite it all.", "Read on, then", strict=True):
        one.page.keyboard.type(a)
        two.page.keyboard.type(b)
    whole = f"Read on, then{GOAL} Cite it all."
    expect(mine).to_have_value(whole)
    expect(theirs).to_have_value(whole)
    name = str(inside(bench, lambda: bench.user("owner")))
    expect(one.page.locator(".nx-caret")).to_have_attribute("data-name", name)
    expect(one.page.locator("#nx-people button")).to_have_attribute("aria-label", f"Follow {name}")
    two.page.locator("#id_rounds").fill("12")
    two.page.locator("#id_rounds").press("Tab")
    expect(one.page.locator("#id_rounds")).to_have_value("12")
    two.page.locator("[data-new]").select_option("calculator")
    two.page.get_by_role("button", name="Add tool").click()
    expect(one.page.locator("[data-rows] strong")).to_have_text("Calculator")
    two.page.locator("#id_context_policy").focus()
    expect(one.page.locator(".field-line[data-held]")).to_have_attribute("data-held", name)
    for page in (one.page, two.page):
        shared(page)
        expect(page.locator("#nx-unsaved")).to_have_text("3 changes not saved")
    assert stored(bench, agent).goal == GOAL
    save(one.page)
    expect(one.page.get_by_role("heading", name="Save what was written together")).to_be_visible()
    expect(one.page.locator("form.nx-card")).to_contain_text(name)
    one.page.get_by_label("What changed").fill("Read more")
    one.page.get_by_label("I have looked at").check()
    save(one.page)
    expect(two.page.locator("#nx-unsaved")).to_have_text("As it is saved")
    expect(two.page.locator("[data-follow=versions]")).to_contain_text("Read more")
    now = stored(bench, agent)
    assert (now.goal, now.rounds, now.version, now.tools[0]["tool"]) == (whole, 12, 2, "calculator")
    assert one.wrong == two.wrong == []


def test_alone_one_saves_without_being_asked_and_stays(bench: Bench, hall: Hall, agent: Any) -> None:
    one = visit(hall, agent)
    one.page.locator("#id_goal").press("End")
    one.page.keyboard.insert_text(" Briefly.")
    save(one.page)
    expect(one.page.locator("#nx-live-note")).to_have_text("Saved as version 2.")
    expect(one.page.locator("#nx-unsaved")).to_have_text("As it is saved")
    one.page.keyboard.press("Control+z")
    expect(one.page.locator("#id_goal")).to_have_value(GOAL)
    expect(one.page.locator("#nx-unsaved")).to_have_text("1 change not saved")
    one.page.locator("#id_temperature").fill("9")
    one.page.locator("#id_temperature").press("Tab")
    expect(one.page.locator("#nx-problems")).to_contain_text("Temperature")
    save(one.page)
    expect(one.page.locator("#nx-live-note")).to_contain_text("Not saved. temperature")
    assert stored(bench, agent).version == 2


def test_what_the_api_changes_appears_and_who_only_looks_on_follows(bench: Bench, hall: Hall, agent: Any) -> None:
    from agents.actions.agents import update_agent

    one, viewer = visit(hall, agent), visit(hall, agent, "viewer")
    one.page.locator("#id_goal").press("End")
    one.page.keyboard.type(" Mine.")
    shared(one.page)
    inside(bench, lambda: update_agent(actor=bench.user("owner"), agent=agent, goal=f"Theirs. {GOAL}", max_tokens=900))
    expect(one.page.locator("#id_goal")).to_have_value(f"Theirs. {GOAL} Mine.")
    expect(one.page.locator("#id_max_tokens")).to_have_value("900")
    expect(viewer.page.locator("#nx-live-state")).to_contain_text("read-only")
    expect(viewer.page.locator("fieldset").first).to_contain_text(f"Theirs. {GOAL} Mine.")
    assert viewer.page.locator("#submit-row").get_by_role("button", name="Save").count() == 0
    assert one.wrong == viewer.wrong == []


def test_without_a_connection_the_form_merges_and_refuses(bench: Bench, hall: Hall, agent: Any) -> None:
    from agents.actions.agents import update_agent

    visitor = hall.visitor("acme.test").log_in(email("acme", "editor"), PASSWORD)
    page = visitor.page
    page.route("**/edit/settings.js", lambda route: route.abort())
    visitor.go(address(agent))
    inside(bench, lambda: update_agent(actor=bench.user("owner"), agent=agent, goal=f"Theirs. {GOAL}", rounds=3))
    page.locator("#id_goal").fill(f"{GOAL} Mine.")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator("#id_goal")).to_have_value(f"Theirs. {GOAL} Mine.")
    expect(page.locator("#id_rounds")).to_have_value("3")
    inside(bench, lambda: update_agent(actor=bench.user("owner"), agent=stored_again(agent), rounds=5))
    page.locator("#id_rounds").fill("7")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator("#agent_form")).to_contain_text("Somebody else changed this meanwhile.")
    assert stored(bench, agent).rounds == 5


def stored_again(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


@pytest.mark.parametrize("look", LOOKS, ids=["light", "dark", "phone"])
def test_it_looks_well(bench: Bench, hall: Hall, agent: Any, look: dict[str, Any]) -> None:
    one, two = visit(hall, agent, **look), visit(hall, agent, "owner")
    two.page.locator("#id_goal").press("End")
    two.page.keyboard.type(" And cite it.")
    expect(one.page.locator("#id_goal")).to_have_value(f"{GOAL} And cite it.")
    two.page.locator("#id_temperature").fill("9")
    two.page.locator("#id_temperature").press("Tab")
    expect(one.page.locator("#nx-problems")).to_contain_text("Temperature")
    expect(one.page.locator("#id_temperature")).to_have_value("9")
    two.page.locator("#id_goal").focus()
    expect(one.page.locator(".nx-caret")).to_be_visible()
    picture(one.page, look, "settings-agent")
    assert one.too_wide() <= 0
    assert serious(one.page) == []
    save(one.page)
    expect(one.page.get_by_role("heading", name="Save what was written together")).to_be_visible()
    picture(one.page, look, "settings-save")
    assert one.too_wide() <= 0
    assert serious(one.page) == []
    assert one.wrong == []


@pytest.mark.parametrize("look", LOOKS, ids=["light", "dark", "phone"])
def test_a_version_says_who_changed_what(bench: Bench, hall: Hall, agent: Any, look: dict[str, Any]) -> None:
    from agents.actions.agent_versions import keep_version
    from agents.actions.agents import set_agent

    def change() -> list[str]:
        ann, bob = bench.user("editor"), bench.user("owner")
        written = [{"field": "goal", "by": [{"id": str(who.pk), "name": str(who)} for who in (ann, bob)]}]
        set_agent(agent, goal=f"{GOAL} And cite it.", max_tokens=700)
        keep_version(agent, author=bob, written=written)
        return [str(ann), str(bob)]

    ann, bob = inside(bench, change)
    visitor = hall.visitor("acme.test", **look)
    visitor.log_in(email("acme", "viewer"), PASSWORD)
    page = visitor.go(f"/admin/agents/agent/{agent.pk}/versions/2/")
    about = page.get_by_role("region", name="Version 2")
    for field, people in (("Goal", f"{ann}, {bob}"), ("Max tokens", bob)):
        row = about.locator("dl > div").filter(has=page.locator("dt", has_text=field))
        expect(row.locator("dd")).to_have_text(people)
    picture(page, look, "settings-version")
    assert visitor.too_wide() <= 0
    assert serious(page) == []
    assert visitor.wrong == []


def test_two_write_one_knowledge_base(bench: Bench, hall: Hall) -> None:
    from agents.actions.knowledge import create_knowledge_base

    base = inside(
        bench, lambda: create_knowledge_base(actor=bench.user(), name="Handbook", description="What we know.")
    )
    one, two = visit(hall, base), visit(hall, base, "owner")
    one.page.locator("#id_description").press("End")
    one.page.keyboard.insert_text(" All of it.")
    expect(two.page.locator("#id_description")).to_have_value("What we know. All of it.")
    two.page.locator("[name=retrieval-neighbours]").fill("2")
    two.page.locator("[name=retrieval-neighbours]").press("Tab")
    expect(one.page.locator("[name=retrieval-neighbours]")).to_have_value("2")
    one.page.locator("[name=retrieval-variety]").fill("7")
    one.page.locator("[name=retrieval-variety]").press("Tab")
    expect(one.page.locator("#nx-problems")).to_contain_text("less than or equal to 1")
    one.page.locator("[name=retrieval-variety]").fill("0.5")
    one.page.locator("[name=retrieval-variety]").press("Tab")
    expect(two.page.locator("[name=retrieval-variety]")).to_have_value("0.5")
    expect(one.page.locator("#nx-problems li")).to_have_count(0)
    picture(two.page, {}, "settings-knowledge")
    save(two.page)
    two.page.get_by_label("I have looked at").check()
    save(two.page)
    expect(one.page.locator("#nx-unsaved")).to_have_text("As it is saved")
    now = stored(bench, base)
    assert now.description == "What we know. All of it."
    assert {**now.retrieval, "variety": 0.5, "neighbours": 2} == now.retrieval
    assert one.wrong == two.wrong == []
