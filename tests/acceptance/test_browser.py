"""People at work in a real browser: a run is started, watched, approved and read; documents are dropped; definitions written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Hall, Visitor, open_hall
from tests.cast import PASSWORD, email
from tests.workbench import Bench, ask, definition, text
from tests.worker import Nursery, workers

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("probes")]

REPORT = definition(
    [
        text("draft", "# On {{ inputs.topic }}\n\nA claim about **{{ inputs.topic }}**.", title="Write the draft"),
        ask("ok", "{{ nodes.draft.text }}", instructions="Is it true?"),
        {
            "id": "publish",
            "type": "output",
            "config": {"artifact": {"name": "Report.md", "content": "{{ nodes.ok.content }}"}},
        },
    ],
    inputs={"type": "object", "required": ["topic"], "properties": {"topic": {"type": "string", "title": "Topic"}}},
)
PAGES = (
    "/admin/", "/admin/workflows/workflow/", "/admin/workflows/workflow/add/", "/admin/workflows/run/",
    "/admin/workflows/approval/", "/admin/workflows/artifact/", "/admin/workflows/starters/", "/admin/agents/agent/",
    "/admin/agents/agent/add/", "/admin/agents/crew/add/", "/admin/agents/knowledgebase/", "/admin/agents/modelconnection/add/",
    "/admin/accounts/user/", "/admin/accounts/apikey/add/", "/admin/collaboration/notification/", "/admin/admin/logentry/",
)  # fmt: skip
NAMELESS = """() => [...document.querySelectorAll('#main :is(a, button, input:not([type=hidden]), select, textarea)')]
    .filter((e) => e.offsetParent && !e.disabled)
    .filter((e) => !(e.getAttribute('aria-label') || e.getAttribute('title') || e.textContent.trim() || e.labels?.length
                     || e.placeholder || e.querySelector('img[alt]') || e.value && e.type === 'submit'))
    .map((e) => e.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    found = Nursery()
    yield found
    found.close()


@pytest.fixture
def worker(nursery: Nursery, tmp_path: Path, bench: Bench) -> Iterator[None]:
    with workers(nursery, tmp_path) as start:
        start()
        yield


@pytest.fixture
def hall(port: int, bench: Bench) -> Iterator[Hall]:
    with open_hall(port) as found:
        yield found


@pytest.fixture
def come(hall: Hall) -> Callable[..., Visitor]:
    def visitor(role: str, slug: str = "acme", **more: Any) -> Visitor:
        return hall.visitor(f"{slug}.test", **more).log_in(email(slug, role), PASSWORD)

    return visitor


@pytest.fixture
def report(bench: Bench) -> None:
    bench.workflow(REPORT, name="Report")


@pytest.fixture
def library(bench: Bench) -> None:
    from agents.actions.knowledge import create_knowledge_base

    with bench.inside():
        create_knowledge_base(actor=bench.user(), name="Library")


def lines(page: Page) -> Any:
    return page.locator("#nx-timeline li")


def begin(visitor: Visitor, topic: str = "Tides") -> Page:
    page = visitor.go("/admin/start/workflow/report/")
    page.get_by_label("Topic").fill(topic)
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_url("**/workflows/run/*/change/")
    return page


def test_a_run_is_watched_approved_and_read(report: None, worker: None, come: Callable[..., Visitor]) -> None:
    editor, approver = come("editor"), come("approver")
    page = begin(editor)
    expect(page.locator("#nx-wire")).to_have_text("Live")
    expect(page.locator("#nx-part-head")).to_contain_text("Waiting for approval")
    expect(lines(page).first).to_contain_text("Waiting for approval")
    expect(page.locator('[data-node="draft"].nx-good')).to_be_visible()
    expect(page.locator('[data-node="ok"].nx-attention')).to_be_visible()
    expect(page.locator("#nx-part-approval")).to_contain_text("This is for owner, admin, approver to decide.")

    inbox = approver.go("/admin/workflows/approval/")
    inbox.locator("#nx-rows").get_by_role("link", name="Please decide").click()
    card = inbox.locator("#nx-pane")
    expect(card.get_by_role("heading", name="On Tides")).to_be_visible()
    card.get_by_label("Comment", exact=True).fill("It is true.")
    card.get_by_role("button", name="Approve", exact=True).click()
    expect(inbox.locator("body")).to_contain_text("Approved. The run goes on.")

    # The editor's page moves by itself: nothing is loaded anew.
    expect(page.locator("#nx-part-head")).to_contain_text("Completed", timeout=20_000)
    expect(page.locator("#nx-wire")).to_have_text("Ended")
    expect(page.locator("#nx-part-result")).to_contain_text("Report.md")
    expect(page.locator("#nx-timeline")).to_contain_text("It is true.")
    page.get_by_role("link", name="Report.md").click()
    expect(page.locator("article strong")).to_have_text("Tides")
    assert not editor.wrong + approver.wrong


def test_the_first_page_moves_when_something_waits(report: None, worker: None, come: Callable[..., Visitor]) -> None:
    approver = come("approver")
    home = approver.go("/admin/")
    expect(home.locator("#nx-home")).to_contain_text("No run yet.")
    begin(come("editor"))
    expect(home.get_by_role("link", name="Decide: Please decide")).to_be_visible()
    assert not approver.wrong


def test_an_approval_is_decided_in_place_with_edits(report: None, worker: None, come: Callable[..., Visitor]) -> None:
    owner = come("owner")
    page = begin(owner)
    page.get_by_text("Edit the text before approving").click()
    page.get_by_label("Text (Markdown)").fill("# Better\n\nMuch better.")
    page.get_by_role("button", name="Approve the edited text").click()
    expect(page.locator("#nx-part-head")).to_contain_text("Completed")
    expect(page.locator("#nx-part-result")).to_contain_text("Much better.")
    assert not owner.wrong


def test_what_a_person_types_is_not_taken_away(report: None, worker: None, come: Callable[..., Visitor]) -> None:
    owner = come("owner")
    page = begin(owner)
    comment = page.get_by_label("Comment", exact=True)
    comment.fill("Half a sent")
    page.evaluate("document.dispatchEvent(new Event('toggle'))")
    page.reload()
    comment.fill("Half a sent")
    with page.expect_response(lambda answer: "/live/" in answer.url):
        page.evaluate("fetch(document.getElementById('nx-run').dataset.live + '?after=0')")
    expect(comment).to_have_value("Half a sent")


def test_without_a_socket_the_page_asks_and_moves_all_the_same(
    report: None, worker: None, come: Callable[..., Visitor]
) -> None:
    owner = come("owner")
    owner.page.route_web_socket("**/ws/runs/**", lambda socket: socket.close())
    page = begin(owner)
    expect(page.locator("#nx-wire")).to_contain_text("Reconnecting")
    expect(page.locator("#nx-part-head")).to_contain_text("Waiting for approval")
    expect(lines(page).first).to_contain_text("Waiting for approval")


def test_a_step_opens_and_shows_what_it_made(report: None, worker: None, come: Callable[..., Visitor]) -> None:
    page = begin(come("editor"))
    expect(page.locator("#nx-part-head")).to_contain_text("Waiting for approval")
    page.locator('.nx-graph a[href="#step-draft"]').focus()
    page.keyboard.press("Enter")
    step = page.locator("#step-draft")
    expect(step).to_have_attribute("open", "")
    expect(step.get_by_role("heading", name="On Tides")).to_be_visible()


def test_a_run_is_cancelled_after_a_question(report: None, worker: None, come: Callable[..., Visitor]) -> None:
    owner = come("owner")
    page = begin(owner)
    expect(page.locator("#nx-part-head")).to_contain_text("Waiting for approval")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog", name="Cancel this run?").get_by_role("button", name="Cancel the run").click()
    expect(page.locator("#nx-part-head")).to_contain_text("Cancelled")


MORPH = """async () => {
    const { morph } = await import('/static/nexod/morph.js');
    const box = document.createElement('div');
    document.body.append(box);
    const step = (id, state, more) =>
        `<details data-key="${id}"><summary class="${state}">${id}</summary>${more}<div data-keep></div></details>`;
    morph(box, step('a', 'busy', ''));
    const first = box.firstChild;
    first.open = true;
    first.querySelector('[data-keep]').innerHTML = '<b>loaded</b>';
    morph(box, step('b', 'busy', '') + step('a', 'bad', '<div>reason</div>') + 'text');
    return [box.children[1] === first, first.open, first.innerText, first.querySelector('.bad') !== null, box.children.length,
            morph(box, step('b', 'busy', '') + step('a', 'bad', '<div>reason</div>') + 'text')];
}"""


def test_what_is_open_and_loaded_stays_when_a_piece_is_refreshed(hall: Hall) -> None:
    page = hall.visitor("acme.test").go("/admin/login/")
    same, opened, text_, changed, count, again = page.evaluate(MORPH)
    assert (same, opened, changed, count, again) == (True, True, True, 2, False)
    assert text_.split() == ["a", "reason", "loaded"]


def test_files_are_dropped_and_read_while_one_looks(
    library: None, worker: None, come: Callable[..., Visitor], tmp_path: Path
) -> None:
    good, bad = tmp_path / "tides.md", tmp_path / "fake.pdf"
    good.write_text("# Tides\n\nThe moon pulls the sea.")
    bad.write_text("not a pdf")
    editor = come("editor")
    page = editor.go("/admin/agents/knowledgebase/")
    page.get_by_role("link", name="Library").click()
    page.get_by_label("Drop files here").set_input_files([good, bad])
    results = page.locator("#nx-uploads li")
    expect(results).to_have_count(2)
    expect(page.locator("#nx-uploads")).to_contain_text("fake.pdf: This file is called .pdf but is not a PDF.")
    row = page.locator("#nx-documents tr", has_text="tides.md")
    expect(row).to_contain_text("Ready", timeout=30_000)
    expect(row).to_contain_text("Tides")
    expect(page.locator("#id_name")).to_have_value("Library")
    page.set_viewport_size({"width": 390, "height": 844})
    assert editor.too_wide() <= 0
    assert not editor.wrong


def test_a_definition_is_checked_while_it_is_written(come: Callable[..., Visitor], bench: Bench) -> None:
    editor = come("editor")
    page = editor.go("/admin/workflows/workflow/add/")
    page.get_by_role("tab", name="JSON").click()
    area = page.locator("#id_definition")
    broken = {**REPORT, "edges": [*REPORT["edges"], {"from": "publish", "to": "nowhere"}]}
    area.fill(json.dumps(broken, indent=2))
    problem = page.locator("#nx-problems button").first
    expect(problem).to_contain_text("nowhere")
    expect(page.locator("#nx-check-state")).to_contain_text("problem")
    problem.click()
    expect(area).to_be_focused()
    area.fill(json.dumps(REPORT))
    expect(page.locator("#nx-check-state")).to_have_text("Can run")
    expect(page.locator("#nx-graph [data-node]")).to_have_count(3)
    page.get_by_role("button", name="Format").click()
    assert area.input_value().startswith('{\n  "')
    page.get_by_label("Name").fill("Written by hand")
    page.get_by_role("button", name="Save and publish").click()
    expect(page.locator("body")).to_contain_text("Version 1 is published; new runs use it.")
    assert not editor.wrong


def test_a_new_key_is_shown_once(come: Callable[..., Visitor]) -> None:
    owner = come("owner")
    page = owner.go("/admin/accounts/apikey/add/")
    page.get_by_label("Name").fill("From the browser")
    page.get_by_role("button", name="Save", exact=True).click()
    key = page.locator("#nx-key").inner_text()
    assert key.startswith("nxd_")
    page.get_by_role("link", name="I have it").click()
    expect(page.locator("body")).to_contain_text("From the browser")
    assert key not in page.content()
    assert not owner.wrong


@pytest.mark.parametrize("look", [{"phone": True}, {"dark": True}])
def test_every_page_stands_without_a_fault(report: None, come: Callable[..., Visitor], look: dict[str, bool]) -> None:
    owner = come("owner", **look)
    for path in PAGES:
        page = owner.go(path)
        assert owner.too_wide() <= 0, path
        assert page.evaluate(NAMELESS) == [], path
        assert page.locator("h1").count() == 1, path
        assert not owner.wrong, path


def test_the_keyboard_reaches_navigation_search_and_account(report: None, come: Callable[..., Visitor]) -> None:
    page = come("owner").go("/admin/")
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("(document.activeElement.textContent || '').trim().split('\\n')[0].slice(0, 30)"))
    for name in ("Search", "Approvals", "Workflows", "People"):
        assert any(name in text for text in reached), name
    page.keyboard.press("Control+k")
    expect(page.locator("#search-input-command")).to_be_focused()
    page.keyboard.type("Repor", delay=30)
    expect(page.locator("#command-results")).to_contain_text("Report")


def test_the_keyboard_opens_the_filters(report: None, come: Callable[..., Visitor]) -> None:
    page = come("owner").go("/admin/workflows/run/")
    page.get_by_role("button", name="Filters").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#changelist-filter")).to_be_visible()


def test_a_phone_opens_the_navigation(come: Callable[..., Visitor]) -> None:
    page = come("viewer", phone=True).go("/admin/")
    approvals = page.get_by_role("link", name="Approvals", exact=True)
    expect(approvals).to_be_hidden()
    page.get_by_role("button", name="Open the navigation").click()
    expect(approvals).to_be_visible()
