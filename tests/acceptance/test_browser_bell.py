"""The bell in a real browser: it counts at once what a person is told, on every page; choices are made on a phone, too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from collaboration.actions.preferences import Choice, choices_of
from collaboration.actions.telling import tell
from collaboration.models import NotificationHours, NotificationPreference
from nexod.kernel.outbox import outbox
from tests.axe import serious
from tests.browser import Hall, apart, open_hall
from tests.cast import PASSWORD, email
from tests.workbench import Bench

pytestmark = pytest.mark.browser
MINE = "/admin/collaboration/notification/mine/"


@pytest.fixture
def cleared(bench: Bench) -> Iterator[None]:
    """Leave no choices behind."""
    yield
    with bench.inside():
        NotificationPreference.objects.all().delete()
        NotificationHours.objects.all().delete()


@pytest.fixture
def hall(port: int, bench: Bench, cleared: None) -> Iterator[Hall]:
    with open_hall(port) as found:
        yield found


def told(bench: Bench, title: str, *, slug: str = "acme", role: str = "editor") -> None:
    def work() -> None:
        with bench.inside(slug):
            tell([bench.user(role, slug)], kind="mention", title=title, url="/admin/workflows/run/", key=title)
        outbox.drain()

    apart(work)


def test_the_bell_counts_on_every_page_and_in_the_other_window(hall, bench):
    visitor = hall.visitor("acme.test").log_in(email("acme", "editor"), PASSWORD)
    page = visitor.go("/admin/agents/agent/")
    bell = page.locator("#nx-bell")
    expect(bell).to_have_attribute("aria-label", "Notifications")
    page.wait_for_timeout(1500)  # the socket opens
    told(bench, "For the other tenant", slug="globex")
    told(bench, "For somebody else", role="viewer")
    told(bench, "Ann mentioned you")
    expect(bell).to_have_attribute("aria-label", "Notifications, 1 unread")
    note = page.get_by_role("link", name="Ann mentioned you")
    expect(note).to_be_visible()
    expect(page.get_by_text("For somebody else")).to_have_count(0)
    other = page.context.new_page()
    other.goto(f"{visitor.base}/admin/collaboration/notification/")
    assert serious(other) == []
    other.get_by_role("button", name="Mark all read").click()
    expect(bell).to_have_attribute("aria-label", "Notifications")
    assert visitor.wrong == []


@pytest.mark.parametrize("look", [{}, {"dark": True}, {"phone": True}], ids=["light", "dark", "phone"])
def test_choices_are_made_on_every_screen(hall, bench, tmp_path, look):
    visitor = hall.visitor("acme.test", **look).log_in(email("acme", "viewer"), PASSWORD)
    page = visitor.go(MINE)
    assert serious(page) == []
    assert visitor.too_wide() <= 0
    page.get_by_label("By e-mail: A run that I started failed").select_option("daily")
    page.get_by_label("In Nexod: Somebody mentioned me").uncheck()
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    page.get_by_label("Quiet from").fill("22:00")
    page.get_by_label("Quiet until").fill("07:00")
    page.screenshot(path=tmp_path / "mine.png", full_page=True)
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_text("Your choices hold from now on.")).to_be_visible()

    def chosen() -> dict[str, Choice]:
        with bench.inside():
            return {one.kind.name: one for one in choices_of(bench.user("viewer"))}

    kinds = apart(chosen)
    assert (kinds["run.failed"].email, kinds["mention"].in_app) == ("daily", False)
    assert visitor.wrong == []
