"""People who make agents, in a real browser: tools are added in the form, a try streams while it happens, versions are compared."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.agents import CALCULATOR, make_agent, start_agent
from tests.browser import Visitor, apart, open_hall
from tests.cast import PASSWORD, email
from tests.faults import Start, World, start, until
from tests.model_server import Drip, ToolCall, ToolCalls
from tests.workbench import Bench

__all__ = ["start"]
pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("probes")]
SLOWLY = "One after the other the words of this answer arrive, so that somebody can watch them come."


@pytest.fixture
def solo(bench: Bench, world: World) -> Any:
    from agents.actions.connections import create_connection

    with bench.inside():
        create_connection(actor=bench.user("owner"), name="M", base_url=world.model.base_url, model_names=["scripted"])
    return make_agent(bench, tools=[CALCULATOR])


@pytest.fixture
def come(port: int, bench: Bench, solo: Any, start: Start) -> Iterator[Callable[..., Visitor]]:
    with open_hall(port) as hall:
        yield lambda role, **more: hall.visitor("acme.test", **more).log_in(email("acme", role), PASSWORD)


def stored(bench: Bench) -> Any:
    from agents.models import Agent

    with bench.inside():
        return Agent.objects.get()


def picture(visitor: Visitor, name: str) -> None:
    """Leave a picture for people who look, where they said so."""
    if folder := os.environ.get("NEXOD_PICTURES"):
        visitor.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("dark", [False, True])
def test_tools_are_added_and_taken_away(come: Callable[..., Visitor], solo: Any, bench: Bench, dark: bool) -> None:
    visitor = come("editor", dark=dark)
    page = visitor.go(f"/admin/agents/agent/{solo.pk}/change/")
    page.select_option("[data-new]", "http_request")
    page.click("[data-add]")
    row = page.locator("[data-tool-row]").nth(1)
    row.locator("textarea[name$='-hosts']").fill("api.example.com\napi.example.org")
    row.locator("input[value=POST]").check()
    row.locator("select[name$='-approval']").select_option("always")
    page.locator("[data-tool-row]").nth(0).locator("[data-remove]").click()
    page.fill("#id_note", "May write now")
    picture(visitor, f"form-{dark}")
    assert visitor.too_wide() <= 0
    page.click("button[name=_continue], input[name=_continue]")
    expect(page.get_by_text("May write now")).to_be_visible()
    page.get_by_role("link", name="Version 2", exact=True).click()
    expect(page.locator("ins", has_text="http_request")).to_be_visible()
    picture(visitor, f"version-{dark}")
    assert visitor.wrong == []
    [tool] = apart(lambda: stored(bench).tools)
    assert (tool["tool"], tool["approval"]) == ("http_request", "always")
    assert tool["settings"]["hosts"] == ["api.example.com", "api.example.org"]


@pytest.mark.parametrize("dark", [False, True])
def test_a_try_is_watched_as_it_happens(
    come: Callable[..., Visitor], solo: Any, start: Start, world: World, dark: bool
) -> None:
    call = ToolCalls((ToolCall("calculator", {"expression": "6 * 7"}),))
    world.model.answer(call, Drip(SLOWLY, 0.25))
    start()
    visitor = come("editor", dark=dark)
    page = visitor.go(f"/admin/agents/agent/{solo.pk}/try/")
    picture(visitor, f"try-empty-{dark}")
    page.fill("#id_input-task", "What is six times seven?")
    page.click("#nx-try button")
    says = page.locator("[data-speech] .nx-says p")
    expect(says).to_contain_text("One after")
    assert "come." not in says.inner_text(), "it is shown before it is over"
    expect(page.locator(".nx-trace")).to_contain_text("calculator")
    picture(visitor, f"try-live-{dark}")
    expect(page.get_by_role("heading", name="Answer")).to_be_visible()
    expect(page.locator("[data-speech] .nx-says")).to_have_count(0)
    page.locator(".nx-trace details").nth(0).locator("summary").click()
    expect(page.locator(".nx-message").first).to_contain_text("You are Soloist")
    page.locator(".nx-trace details").nth(1).locator("summary").click()
    expect(page.locator(".nx-trace details").nth(1)).to_contain_text("42")
    picture(visitor, f"try-over-{dark}")
    assert visitor.too_wide() <= 0
    assert visitor.wrong == []


def test_two_models_are_compared_side_by_side(
    come: Callable[..., Visitor], solo: Any, start: Start, world: World
) -> None:
    world.model.answer("The first one.", "The second one.")
    start()
    visitor = come("editor")
    page = visitor.go(f"/admin/agents/agent/{solo.pk}/try/")
    page.fill("#id_input-task", "Say something")
    expect(page.locator("#nx-second")).to_be_hidden()
    page.check("#id_both", force=True)
    page.select_option("#id_second-model", index=1)
    page.click("#nx-try button")
    for number in (0, 1):
        expect(page.locator("[data-pane]").nth(number).get_by_role("heading", name="Answer")).to_be_visible()
    texts = {page.locator("[data-pane]").nth(number).locator(".nx-prose").inner_text() for number in (0, 1)}
    assert texts == {"The first one.", "The second one."}
    picture(visitor, "try-both")
    assert visitor.wrong == []


def test_the_page_of_a_run_shows_the_text_in_its_step(
    come: Callable[..., Visitor], solo: Any, start: Start, world: World, bench: Bench
) -> None:
    world.model.answer(Drip(SLOWLY, 0.3))
    run = apart(lambda: start_agent(bench, solo, task="Say something"))
    visitor = come("viewer")
    page = visitor.go(f"/admin/workflows/run/{run}/change/")
    expect(page.locator("#nx-wire")).to_contain_text("Live")
    start()
    says = page.locator(".nx-step [data-speech] p")
    expect(says).to_contain_text("One after")
    picture(visitor, "run-live")
    expect(page.locator("#nx-part-result")).to_contain_text("watch them come")
    expect(page.locator(".nx-says")).to_have_count(0)
    assert visitor.wrong == []


def test_nothing_of_the_text_is_kept(solo: Any, start: Start, world: World, bench: Bench) -> None:
    world.model.answer(Drip(SLOWLY, 0.05))
    start()
    run = start_agent(bench, solo, task="Say something")
    until(lambda: bench.run(run).is_over, "it is over")
    assert "text" not in bench.types(run)
    assert json.dumps([event.data for event in bench.events(run)]).count(SLOWLY) <= 4
