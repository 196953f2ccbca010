"""Comments in a real browser: two people talk beside a run, an approval and a workflow, on every screen, by keyboard too."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from collaboration.models import CommentThread, Notification
from tests.axe import serious
from tests.browser import Hall, open_hall
from tests.cast import PASSWORD, email
from tests.content import GREETING
from tests.workbench import Bench
from workflows.models import Approval

pytestmark = pytest.mark.browser
PATIENCE_MS = 60_000
SHOTS = os.environ.get("COMMENT_SHOTS", "")


@pytest.fixture
def run(bench: Bench) -> Iterator[object]:
    """A run that waits for an approval."""
    yield bench.ran(GREETING, {"name": "Ann"})
    with bench.inside():
        CommentThread.objects.all().delete()
        Notification.objects.all().delete()


@pytest.fixture
def approval(bench: Bench, run) -> str:
    with bench.inside():
        return str(Approval.objects.get(run=run.pk).pk)


@pytest.fixture
def hall(port: int, bench: Bench, run, approval) -> Iterator[Hall]:
    with open_hall(port) as found:
        yield found


def come(hall: Hall, role: str, path: str, **look: bool) -> tuple[object, Page]:
    visitor = hall.visitor("acme.test", **look).log_in(email("acme", role), PASSWORD)
    return visitor, visitor.go(path)


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.locator("#nx-talk").scroll_into_view_if_needed()
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def say(page: Page, text: str) -> None:
    field = page.get_by_label("New comment")
    field.fill(text)
    page.get_by_role("button", name="Comment", exact=True).click()


def test_two_people_talk_about_a_step_and_see_each_other_at_once(hall, run):
    path = f"/admin/workflows/run/{run.pk}/change/"
    ours, page = come(hall, "editor", path)
    theirs, other = come(hall, "approver", path)
    expect(other.locator("#nx-talk-empty")).to_have_text("Nothing is open.", timeout=PATIENCE_MS)
    page.locator("#nx-part-steps details.nx-step").first.locator("summary").click()
    expect(page.locator(".nx-about")).to_contain_text("Template")
    say(page, "Is *this* right?")
    expect(page.locator(".nx-thread")).to_contain_text("Is this right?", timeout=PATIENCE_MS)
    thread = other.locator(".nx-thread")
    expect(thread).to_contain_text("Is this right?", timeout=PATIENCE_MS)
    expect(thread.locator(".nx-place")).to_contain_text("Template")
    expect(other.locator(".nx-new")).to_be_visible()
    reply = thread.get_by_label("Reply")
    reply.fill("Yes, @edi")
    expect(other.locator(".nx-offers [role=option]")).to_have_count(1, timeout=PATIENCE_MS)
    reply.press("Enter")
    expect(reply).to_have_value("Yes, @editor@acme.test ")
    reply.press("Control+Enter")
    expect(page.locator(".nx-thread")).to_contain_text("Yes, @Editor Person", timeout=PATIENCE_MS)
    expect(page.locator("#nx-bell")).to_have_attribute("aria-label", "Notifications, 1 unread", timeout=PATIENCE_MS)
    page.get_by_label("React").last.click()
    page.get_by_role("group", name="Signs").last.get_by_label("Hurray").click()
    expect(other.locator(".nx-sign[aria-pressed=false]").first).to_contain_text("🎉1", timeout=PATIENCE_MS)
    page.get_by_label("Edit this comment").click()
    field = page.get_by_label("Edit the comment")
    field.fill("Is this *quite* right?")
    page.get_by_role("button", name="Save").last.click()
    expect(other.locator(".nx-thread")).to_contain_text("quite right?", timeout=PATIENCE_MS)
    other.get_by_role("button", name="edited").click()
    expect(other.locator(".nx-former")).to_contain_text("Is *this* right?")
    shoot(page, "run-light")
    other.get_by_label("Resolve this thread").click()
    expect(page.locator(".nx-thread")).to_be_hidden(timeout=PATIENCE_MS)
    page.get_by_label("Which comments").select_option("resolved")
    expect(page.locator(".nx-thread")).to_contain_text("Resolved")
    assert ours.wrong == theirs.wrong == []


@pytest.mark.parametrize("look", [{}, {"dark": True}, {"phone": True}], ids=["light", "dark", "phone"])
def test_a_thread_beside_an_approval_is_read_on_every_screen(hall, approval, look):
    path = f"/admin/workflows/approval/{approval}/change/"
    _, page = come(hall, "editor", path)
    say(page, "Look at the second line, @viewer@acme.test")
    expect(page.locator(".nx-comment")).to_have_count(1, timeout=PATIENCE_MS)
    visitor, other = come(hall, "viewer", path, **look)
    expect(other.locator(".nx-comment")).to_contain_text("@Viewer Person", timeout=PATIENCE_MS)
    assert serious(other, "#nx-talk") == []
    assert visitor.too_wide() <= 0
    assert other.get_by_label("New comment").count() == 0
    assert other.get_by_label("Reply").count() == 0
    shoot(other, f"approval-{'-'.join(look) or 'light'}")
    assert visitor.wrong == []


@pytest.mark.parametrize("look", [{}, {"dark": True}, {"phone": True}], ids=["light", "dark", "phone"])
def test_a_workflow_has_comments_at_its_nodes(hall, run, look):
    path = f"/admin/workflows/workflow/{run.workflow_id}/change/"
    visitor, page = come(hall, "editor", path, **look)
    expect(page.locator("#nx-talk-empty")).to_have_text("Nothing is open.", timeout=PATIENCE_MS)
    detail = "{detail: {key: 'greet', id: 'greet', title: 'Greet', field: null}}"
    for _ in range(60):  # the editor, as it opens, says that nothing is chosen; once somebody writes their place stays
        page.evaluate(f"document.dispatchEvent(new CustomEvent('nexod:node-selected', {detail}))")
        page.get_by_label("New comment").fill("Warmer, please")
        if "Greet" in page.locator(".nx-about").inner_text():
            break
        page.get_by_label("New comment").fill("")
        page.wait_for_timeout(500)
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator(".nx-thread .nx-place")).to_have_text("account_treegreet", timeout=PATIENCE_MS)
    assert serious(page, "#nx-talk") == []
    assert visitor.too_wide() <= 0
    shoot(page, f"workflow-{'-'.join(look) or 'light'}")
    page.get_by_label("Comment in general instead").click()
    expect(page.locator(".nx-about")).to_contain_text("About the whole workflow")


def test_a_notification_leads_to_the_thread_that_it_is_about(hall, approval):
    path = f"/admin/workflows/approval/{approval}/change/"
    _, page = come(hall, "editor", path)
    say(page, "Please look, @viewer@acme.test")
    expect(page.locator(".nx-comment")).to_have_count(1, timeout=PATIENCE_MS)
    _, other = come(hall, "viewer", "/admin/collaboration/notification/")
    other.get_by_role("link", name="Editor Person mentioned you on").first.click()
    expect(other.locator(".nx-thread.nx-meant")).to_contain_text("Please look", timeout=PATIENCE_MS)


def test_who_else_is_on_a_page_is_shown_and_gone_again(hall):
    ours, page = come(hall, "editor", "/admin/workflows/workflow/")
    _, other = come(hall, "approver", "/admin/workflows/workflow/")
    expect(page.locator("#nx-here").get_by_role("img", name="Approver Person")).to_be_visible(timeout=PATIENCE_MS)
    expect(other.locator("#nx-here").get_by_role("img", name="Editor Person")).to_be_visible(timeout=PATIENCE_MS)
    assert serious(page, "#nx-here") == []
    other.goto(f"{ours.base}/admin/agents/agent/")
    expect(page.locator("#nx-here")).to_be_hidden(timeout=PATIENCE_MS)
    assert ours.wrong == []
