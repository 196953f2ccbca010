"""The list of runs in a real browser: rows move by themselves, views are kept, many are cancelled; light, dark, on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.acceptance.test_browser import come, hall, nursery, worker
from tests.acceptance.test_browser_run import LOOKS, begin, picture, report, waits
from tests.axe import serious
from tests.browser import Visitor, apart
from tests.workbench import Bench, definition, output, text

__all__ = ["come", "hall", "nursery", "report", "worker"]
pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("probes")]
LIST = "/admin/workflows/run/"


def test_rows_follow_their_runs_without_a_reload(report: None, worker: None, come: Callable[..., Visitor]) -> None:
    owner, viewer = come("owner"), come("viewer")
    page = begin(owner)
    waits(page)
    listed = viewer.go(LIST)
    row = listed.locator("#result_list tr.data-row", has_text="Report")
    expect(row).to_contain_text("Waiting for approval")
    expect(listed.locator("#nx-wire")).to_have_text("Live")
    listed.evaluate("window.stayed = true")
    page.locator("#nx-part-approval").get_by_role("button", name="Approve", exact=True).click()
    expect(row).to_contain_text("Completed")
    begin(owner, "Moons")
    expect(listed.locator("#nx-newer")).to_contain_text("look again")
    assert listed.evaluate("window.stayed")
    assert not viewer.wrong


def test_states_come_over_the_socket_alone(bench: Bench, come: Callable[..., Visitor]) -> None:
    """Nothing is asked by the clock: the page's timers of a second and more do not run."""

    def start() -> Any:
        bench.workflow(definition([text("a"), output(said="x")]), name="Report")
        return bench.start(definition([text("a"), output(said="x")]), slug="acme")

    run = apart(start)
    viewer = come("viewer")
    viewer.page.add_init_script(
        "const every = setInterval; setInterval = (act, ms) => (ms < 1000 ? every(act, ms) : 0)"
    )
    page = viewer.go(LIST)
    row = page.locator("#result_list tr.data-row")
    expect(page.locator("#nx-wire")).to_have_text("Live", timeout=60_000)
    expect(row).to_contain_text("Pending")
    apart(lambda: bench.advance(run))
    expect(row).to_contain_text("Completed", timeout=60_000)
    assert not viewer.wrong


@pytest.mark.parametrize("look", LOOKS)
def test_a_view_is_kept_and_many_are_cancelled(bench: Bench, come: Callable[..., Visitor], look: str) -> None:
    def start() -> Any:
        bench.workflow(definition([text("a"), output(said="x")]), name="Report")
        return [bench.start(definition([text("a"), output(said="x")]), slug="acme") for _ in range(2)]

    apart(start)
    owner = come("owner", **LOOKS[look])
    page = owner.go(f"{LIST}?status__exact=pending")
    faults = [f"list: {fault}" for fault in serious(page, "#main")]
    picture(page, f"list-{look}")
    assert owner.too_wide() <= 0
    page.get_by_text("Save this view").click()
    page.get_by_label("Name").fill("Queue")
    page.get_by_label("For everybody here").check()
    picture(page, f"list-save-{look}")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Queue")).to_have_attribute("aria-current", "page")
    for box in page.locator("#result_list input.action-select").all():
        box.check()
    page.locator("select[name=action]").select_option("cancel_many")
    page.locator("#changelist-form button[name=index], #changelist-form button[type=submit]").first.click()
    expect(page.get_by_role("heading", name="Cancel 2 runs?", exact=True)).to_be_visible()
    faults += [f"ask: {fault}" for fault in serious(page, "#main")]
    picture(page, f"list-ask-{look}")
    page.get_by_role("button", name="Cancel them").click()
    expect(page.get_by_role("heading", name="Cancel: 2 of 2 done", exact=True)).to_be_visible()
    faults += [f"done: {fault}" for fault in serious(page, "#main")]
    picture(page, f"list-done-{look}")
    assert owner.too_wide() <= 0
    assert faults == []
    assert not owner.wrong
