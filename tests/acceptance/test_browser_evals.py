"""A person saves a run as a case, evaluates two versions, watches, and drills down to what differs; in a real browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import open_hall
from tests.cast import PASSWORD, email
from tests.evaluations import Lab, doubling
from tests.workbench import Bench

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("look", [{}, {"dark": True}, {"phone": True}], ids=["light", "dark", "phone"])
def test_versions_are_compared_down_to_what_differs(bench: Bench, port: int, look: dict[str, Any]) -> None:
    lab = Lab(bench)
    for n in range(1, 4):
        lab.case(f"Twice {n} is {2 * n}", {"n": n}, {"twice": 2 * n})
    lab.draft(doubling(3))
    done = lab.evaluated(versions=["1", "draft"], repeats=2)
    begun = lab.started(versions=["draft"])
    lab.woken(begun)
    run = lab.trials(done)[0].run
    with open_hall(port) as hall:
        visitor = hall.visitor("acme.test", **look)
        visitor.log_in(email("acme", "editor"), PASSWORD)
        page = visitor.go(f"/admin/workflows/run/{run.id}/change/")
        page.get_by_role("link", name="Save as a case").click()
        _picture(page, look, "save")
        page.get_by_label("Name").fill("From a run")
        page.get_by_role("button", name="Save as a case").click()
        expect(page.locator("body")).to_contain_text("The run is saved as a case")
        _picture(page, look, "case")
        for path, name in (
            ("workflows/dataset/", "data-sets"),
            ("workflows/case/", "cases"),
            ("workflows/evaluation/", "evaluations"),
        ):
            visitor.go(f"/admin/{path}")
            _picture(page, look, name)
            assert visitor.too_wide() <= 0, path
        visitor.go(f"/admin/workflows/dataset/{lab.data_set.pk}/change/")
        expect(page.locator("body")).to_contain_text("Twice 1 is 2")
        _picture(page, look, "data-set")
        assert visitor.too_wide() <= 0
        page.get_by_role("link", name="Evaluate", exact=True).first.click()
        _picture(page, look, "evaluate")
        visitor.go(f"/admin/workflows/evaluation/{begun.pk}/change/")
        expect(page.locator("#nx-evaluation")).to_contain_text("0 of 3 trials scored")
        _picture(page, look, "at-work")
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#nx-evaluation")).to_contain_text("Being cancelled")
        visitor.go(f"/admin/workflows/evaluation/{done.pk}/change/")
        expect(page.locator("#nx-evaluation")).to_contain_text("Draft against Version 1: 0 won, 3 lost, 0 the same")
        assert page.locator("svg.nx-chart").count() >= 1
        _picture(page, look, "evaluation")
        assert visitor.too_wide() <= 0
        page.locator("a[aria-label^='Twice 1 is 2, run 1: failed']").click()
        expect(page.locator("body")).to_contain_text("twice is 3, not 2")
        expect(page.locator(".nx-diff del").first).to_contain_text("twice: 2")
        _picture(page, look, "trial")
        assert visitor.too_wide() <= 0
        assert visitor.wrong == []


def _picture(page: Page, look: dict[str, Any], name: str) -> None:
    """Keep a picture for people, where a folder was named for it."""
    if folder := os.environ.get("NEXOD_TEST_PICTURES"):
        page.wait_for_timeout(400)
        page.screenshot(path=Path(folder) / f"evals-{name}-{next(iter(look), 'light')}.png", full_page=True)
