"""People put crews together in a real browser: from the gallery with one press, and task by task in the form."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Hall, Visitor, inside, open_hall
from tests.cast import PASSWORD, email
from tests.teams import make_crew
from tests.workbench import Bench

pytestmark = pytest.mark.browser
LOOKS: dict[str, dict[str, bool]] = {"light": {}, "dark": {"dark": True}, "phone": {"phone": True}}


@pytest.fixture
def hall(port: int, bench: Bench) -> Iterator[Hall]:
    with open_hall(port) as found:
        yield found


@pytest.fixture
def come(hall: Hall) -> Callable[..., Visitor]:
    def visitor(**look: Any) -> Visitor:
        return hall.visitor("acme.test", **look).log_in(email("acme", "owner"), PASSWORD)

    return visitor


@pytest.fixture
def crew(bench: Bench) -> str:
    """Make a crew, and return the address of its form."""
    from agents.models import Crew

    tasks = [{"slug": name, "agent": "Ann", "description": name} for name in ("find", "write")]
    make_crew(bench, "http://127.0.0.1:9/v1", {"Ann": {}, "Bob": {}}, tasks)
    with bench.inside():
        return f"/admin/agents/crew/{Crew.objects.get(slug='team').pk}/change/"


def picture(page: Page, name: str) -> None:
    """Keep a picture where somebody asks for them."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def stored(bench: Bench) -> dict[str, Any]:
    """Return the first task as it is stored."""
    from agents.models import CrewTask

    return dict(inside(bench, lambda: CrewTask.objects.filter(slug="find").values().get()))


def test_guardrails_are_filled_in_and_the_crew_is_drawn_meanwhile(
    bench: Bench, crew: str, come: Callable[..., Visitor]
) -> None:
    visitor = come()
    page = visitor.go(crew)
    plan = page.locator("[data-who-does-what]")
    expect(plan.locator("li").first).to_contain_text("1. find")
    page.locator("[data-rows=tasks] summary", has_text="Guardrails").first.click()
    page.locator("[data-rows=tasks] summary", has_text="More").first.click()
    first = page.locator(".nx-guardrails").first
    first.get_by_role("button", name="Length and words").click()
    first.get_by_label("At most … words").fill("40")
    first.get_by_label("Must say (with commas between)").fill("source, moon")
    first.get_by_role("button", name="A model judges").click()
    first.get_by_label("What the result must be like").fill("It is exact.")
    page.locator("#id_tasks-0-human_input").check()
    page.locator("#id_tasks-0-async_execution").check()
    expect(plan.locator("li").first).to_contain_text(
        "beside the next · 2 guardrails, tried again 2 times · a person decides"
    )
    picture(page, "crew-filled")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#nx-live-note")).to_have_text("Saved.")
    task = stored(bench)
    assert task["guardrails"] == [
        {"kind": "words", "max_words": 40, "must": ["source", "moon"]},
        {"kind": "model", "rubric": "It is exact."},
    ]
    assert [task[name] for name in ("human_input", "async_execution", "max_retries", "on_failure")] == [
        True,
        True,
        2,
        "fail",
    ]
    page = visitor.go(crew)
    first = page.locator(".nx-guardrails").first
    page.locator("[data-rows=tasks] summary", has_text="Guardrails").first.click()
    expect(first.get_by_label("At most … words")).to_have_value("40")
    first.get_by_role("button", name="Remove").first.click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#nx-live-note")).to_have_text("Saved.")
    assert [each["kind"] for each in stored(bench)["guardrails"]] == ["model"]
    assert visitor.wrong == []


def test_a_guardrail_that_cannot_be_is_said_at_its_field(bench: Bench, crew: str, come: Callable[..., Visitor]) -> None:
    visitor = come()
    page = visitor.go(crew)
    first = page.locator(".nx-guardrails").first
    page.locator("[data-rows=tasks] summary", has_text="Guardrails").first.click()
    first.get_by_role("button", name="A rule (CEL)").click()
    first.get_by_label("Holds for the result, such as result.words < 200").fill("result.words <")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("body")).to_contain_text("Guardrail 1: The expression is not valid")
    expect(page.locator(".nx-guardrails").first.get_by_label("Holds for the result")).to_have_value("result.words <")


def test_a_crew_is_installed_with_one_press(bench: Bench, crew: str, come: Callable[..., Visitor]) -> None:
    visitor = come()
    page = visitor.go("/admin/workflows/starters/")
    card = page.locator("section", has=page.get_by_role("heading", name="Research crew"))
    expect(card.locator("li").first).to_contain_text("Researcher")
    card.get_by_role("button", name="Install").click()
    page.wait_for_url("**/agents/crew/*/change/")
    expect(page.locator("body")).to_contain_text("Research is installed.")
    expect(page.locator("[data-who-does-what] li")).to_have_count(3)
    page = visitor.go("/admin/workflows/starters/")
    card = page.locator("section", has=page.get_by_role("heading", name="Research crew"))
    expect(card.get_by_role("link", name="Run it")).to_be_visible()
    assert visitor.wrong == []


@pytest.mark.parametrize("look", LOOKS)
def test_pages_fit_every_look(crew: str, come: Callable[..., Visitor], look: str) -> None:
    visitor = come(**LOOKS[look])
    for name, page in (("crew", visitor.go(crew)), ("starters", None), ("crew-add", None)):
        address = {"starters": "/admin/workflows/starters/", "crew-add": "/admin/agents/crew/add/"}.get(name)
        page = visitor.go(address) if address else page
        assert page is not None
        page.wait_for_timeout(400)
        picture(page, f"{name}-{look}")
        assert visitor.too_wide() <= 0, name
    assert visitor.wrong == []
