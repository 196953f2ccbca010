"""What people did, as a page: looked at in light, in dark and on a phone, narrowed, and left by its links."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from collaboration.models import Activity
from nexod.kernel import activity
from nexod.kernel.identifiers import first_id
from tests.axe import serious
from tests.browser import Hall, Visitor, open_hall
from tests.cast import PASSWORD, email
from tests.content import GREETING
from tests.workbench import Bench

pytestmark = pytest.mark.browser
PATIENCE_MS = 60_000
SHOTS = os.environ.get("ACTIVITY_SHOTS", "")
LOOKS: dict[str, dict[str, Any]] = {"light": {}, "dark": {"dark": True}, "phone": {"phone": True}}
LONG = (
    "Quarterly report of the whole region, with everything that was sold, returned and promised to anybody since spring"
)


@pytest.fixture
def deeds(bench: Bench) -> Iterator[None]:
    """A run that waits, and lines of two days by three people, by Nexod and by somebody who left."""
    run = bench.ran(GREETING, {"name": "Ann"})
    editor, owner = bench.user("editor"), bench.user("owner")
    with bench.inside():
        Activity.objects.all().delete()  # what other tests left would fill the page
        for _ in range(3):
            activity.note(editor, "commented", "workflow", run.workflow, place="Greet")
        activity.note(owner, "changed", "member", editor, role="editor")
        activity.note(owner, "decided", "approval", run, LONG, decision="approve")
        activity.note(None, "edited", "workflow", run.workflow)
        activity.note(owner, "saved", "agent", run, "Scout", fields=["goal", "max_tokens", "tools", "rounds", "model"])
        activity.note(owner, "deleted", "knowledge", run, LONG)
        about = {"subject_kind": "workflow", "subject_id": run.workflow_id, "title": LONG}
        Activity.objects.create(verb="resolved", facts={"by": "somebody who left"}, **about)
        before = timezone.now() - timedelta(days=2)
        old = Activity.objects.create(id=first_id(before), actor=owner, verb="published", facts={"version": 3}, **about)
        Activity.objects.filter(pk=old.pk).update(created_at=before)
    yield
    with bench.inside():
        Activity.objects.all().delete()


@pytest.fixture
def hall(port: int, deeds: None) -> Iterator[Hall]:
    with open_hall(port) as found:
        yield found


def come(hall: Hall, path: str = "/admin/collaboration/activity/", **look: bool) -> tuple[Visitor, Page]:
    visitor = hall.visitor("acme.test", **look).log_in(email("acme", "owner"), PASSWORD)
    visitor.page.context.set_default_timeout(PATIENCE_MS)
    return visitor, visitor.go(path)


@pytest.mark.parametrize("look", LOOKS)
def test_what_was_done_is_read_on_every_screen(hall: Hall, look: str) -> None:
    visitor, page = come(hall, **LOOKS[look])
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/activity-{look}.png", full_page=True)
    expect(page.get_by_role("listitem").filter(has_text="version 3")).to_contain_text(
        "Olive Owner published", timeout=PATIENCE_MS
    )
    lines = page.get_by_role("listitem")
    expect(lines.filter(has_text="Editor Person commented on")).to_contain_text("3 times")
    expect(lines.filter(has_text="resolved a thread on")).to_contain_text("Somebody who left")
    expect(lines.filter(has_text=" edited ")).to_contain_text("Nexod")
    expect(lines.filter(has_text=" saved ")).to_contain_text("Scout Goal, Max tokens, Tools, Rounds and more")
    expect(lines.filter(has_text=" deleted ").get_by_role("link")).to_have_count(0)
    assert serious(page, "#main") == []
    assert visitor.too_wide() <= 0
    assert visitor.wrong == []


@pytest.mark.parametrize("look", LOOKS)
def test_nothing_found_says_so_and_leads_back(hall: Hall, look: str) -> None:
    visitor, page = come(hall, **LOOKS[look])
    page.get_by_label("What was done").select_option("reverted")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("Nothing like that was done.")).to_be_visible(timeout=PATIENCE_MS)
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/nothing-{look}.png", full_page=True)
    assert serious(page, "#main") == []
    assert visitor.too_wide() <= 0
    page.get_by_role("link", name="Show everything").click()
    expect(page.get_by_role("listitem").filter(has_text="version 3")).to_contain_text(
        "Olive Owner published", timeout=PATIENCE_MS
    )
    assert visitor.wrong == []


def test_a_line_leads_to_what_it_is_about(hall: Hall) -> None:
    visitor, page = come(hall)
    page.get_by_label("Who", exact=True).select_option(label="Editor Person")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("listitem").filter(has_text="Olive Owner")).to_have_count(0, timeout=PATIENCE_MS)
    page.get_by_role("listitem").filter(has_text="commented on").get_by_role("link").click()
    page.wait_for_url("**/admin/workflows/workflow/*/change/**")
    assert visitor.wrong == []
