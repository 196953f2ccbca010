"""A person sees what is used, finds a run that waits for a budget, and allows it more; in a real browser."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import open_hall
from tests.cast import PASSWORD, email
from tests.model_server import ModelServer
from tests.spending import budget, connect, llm
from tests.workbench import Bench, definition, output

pytestmark = pytest.mark.browser
TWO = definition([llm("a", "First", max_tokens=50), llm("b", "Second", max_tokens=50), output()])


@pytest.mark.parametrize("look", [{}, {"dark": True}, {"phone": True}], ids=["light", "dark", "phone"])
def test_a_budget_is_raised_and_the_run_goes_on(
    bench: Bench, model_server: ModelServer, port: int, look: dict[str, Any]
) -> None:
    connect(bench, model_server.base_url)
    model_server.always("one two three four five")
    done = bench.ran(TWO)
    budget(bench, name="Month", limit=done.tokens_in + done.tokens_out + 75, on_exceeding="ask")
    budget(bench, name="Each workflow a day", scope="workflow", period="day", unit="usd", limit="0.0005", warn_at=50)
    run = bench.ran(TWO)
    assert (run.status, run.waiting_for) == ("waiting", "budget"), run.error
    with open_hall(port) as hall:
        visitor = hall.visitor("acme.test", **look)
        visitor.log_in(email("acme", "owner"), PASSWORD)
        for name in ("usageday/?by=agent", "usageday/?by=workflow&days=7", "modelcall/", "budget/", "budget/add/"):
            page = visitor.go(f"/admin/agents/{name}")
            page.wait_for_timeout(400)
            _picture(page, look, re.sub(r"\W+", "-", name).strip("-"))
            assert visitor.too_wide() <= 0, name
        page = visitor.go("/admin/agents/budget/")
        page.get_by_role("link", name="Month").first.click()
        expect(page.locator("#nx-h-windows")).to_be_visible()
        _picture(page, look, "budget-one")
        assert visitor.too_wide() <= 0
        page = visitor.go(f"/admin/workflows/run/{run.id}/change/")
        expect(page.locator("#nx-part-approval h2")).to_contain_text("Allow more? Month")
        _picture(page, look, "run")
        page.get_by_label("New limit for everybody").fill("5000")
        page.get_by_role("button", name="Set this limit").click()
        expect(page.get_by_text("The run goes on")).to_be_visible()
        page = visitor.go("/admin/agents/budget/")
        page.get_by_role("link", name="Month").first.click()
        expect(page.get_by_text("everybody", exact=True)).to_be_visible()
        _picture(page, look, "budget-raised")
        wrong = list(visitor.wrong)
    assert wrong == []
    assert bench.advance(run.id).status == "completed"


def _picture(page: Page, look: dict[str, Any], name: str) -> None:
    """Keep a picture for people who look, where NEXOD_PICTURES says."""
    if folder := os.environ.get("NEXOD_PICTURES"):
        target = Path(folder) / f"budget-{'-'.join(look) or 'light'}-{name}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=target, full_page=True)
