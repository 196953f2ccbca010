"""Knowledge and memory in a real browser: readers, vectors, why a search found it; memories read, put right, exported, erased."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from agents.actions import space_work
from agents.actions.knowledge import create_knowledge_base
from agents.actions.memories import create_memory
from agents.models import Document, KnowledgeBase, Memory, ModelConnection, VectorSpace
from tests.axe import serious
from tests.browser import Visitor, inside, open_hall
from tests.cast import PASSWORD, email
from tests.shelf import add
from tests.workbench import Bench

pytestmark = pytest.mark.browser
LOOKS: tuple[dict[str, bool], ...] = ({}, {"dark": True}, {"phone": True})
LONG = "The customer Consolidated-Intercontinental-Shipping-and-Receiving prefers to be called before eight, and never on a Monday."


@pytest.fixture
def come(port: int, bench: Bench) -> Iterator[Callable[..., Visitor]]:
    with open_hall(port) as hall:
        yield lambda role, **more: hall.visitor("acme.test", **more).log_in(email("acme", role), PASSWORD)


@pytest.fixture
def base(bench: Bench) -> KnowledgeBase:
    with bench.inside():
        base = create_knowledge_base(actor=bench.user("editor"), name="Handbook")
        for topic in ("lions", "tea", "wings"):
            add(base, f"On {topic}", f"This page is about {topic}. {topic.capitalize()} are good.")
        ModelConnection.objects.create(
            slug="emb", name="Embeddings", provider="openai", base_url="http://127.0.0.1:9/v1"
        )
        return base


@pytest.fixture
def memories(bench: Bench) -> list[Memory]:
    with bench.inside():
        actor = bench.user("editor")
        return [
            create_memory(actor=actor, scope="user", topic="Calls", text=LONG),
            create_memory(actor=actor, scope="user", topic="", text="Invoices go out on Fridays."),
        ]


def looked_at(visitor: Visitor, name: str, look: dict[str, bool], *, of_ours: bool = True) -> None:
    """Find nothing wrong with the page; leave a picture where somebody said so. Lists are drawn by the admin's theme."""
    if folder := os.environ.get("NEXOD_PICTURES"):
        visitor.page.screenshot(path=Path(folder) / f"{name}-{'-'.join(look) or 'light'}.png", full_page=True)
    if of_ours:
        assert serious(visitor.page) == []
    assert visitor.too_wide() <= 0
    assert visitor.wrong == []


@pytest.mark.parametrize("look", LOOKS)
def test_a_document_is_closed_to_all_but_a_role(
    bench: Bench, base: KnowledgeBase, come: Callable[..., Visitor], look: dict[str, bool]
) -> None:
    document = inside(bench, lambda: Document.objects.get(title="On tea"))
    visitor = come("owner", **look)
    page = visitor.go(f"/admin/agents/document/{document.pk}/change/")
    page.get_by_role("link", name="Readers").click()
    page.get_by_label("Only the readers named here").check()
    page.get_by_label("approver", exact=True).check()
    looked_at(visitor, "readers", look)
    page.get_by_role("button", name="Save readers").click()
    expect(page.get_by_text("read by those who are chosen here")).to_be_visible()
    page = visitor.go(f"/admin/agents/document/{document.pk}/change/")
    expect(page.get_by_text("Only approver")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS)
def test_vectors_move_while_the_page_tells_how_far(
    bench: Bench, base: KnowledgeBase, come: Callable[..., Visitor], look: dict[str, bool]
) -> None:
    visitor = come("editor", **look)
    page = visitor.go(f"/admin/agents/knowledgebase/{base.pk}/change/")
    page.get_by_role("link", name="Vectors", exact=True).click()
    shown = page.locator("[data-watch]")
    expect(shown.get_by_text("Serves")).to_be_visible()
    page.get_by_label("Half precision").check()
    page.get_by_role("button", name="Build these").click()
    expect(shown.get_by_text("0 of 3 passages")).to_be_visible()
    looked_at(visitor, "vectors", look)
    building = inside(bench, lambda: VectorSpace.objects.get(state="building"))
    inside(bench, lambda: space_work.work_on(space=building.pk))
    expect(shown.get_by_text("half precision")).to_be_visible()  # the page asks by itself
    expect(shown.get_by_text("Being built")).to_have_count(0)


@pytest.mark.parametrize("look", LOOKS)
def test_a_search_says_why(base: KnowledgeBase, come: Callable[..., Visitor], look: dict[str, bool]) -> None:
    visitor = come("viewer", **look)
    page = visitor.go(f"/admin/agents/knowledgebase/{base.pk}/search/?q=lions")
    first = page.locator("section.nx-card").nth(1)
    expect(first.get_by_role("heading", name="On lions")).to_be_visible()
    expect(first.get_by_text("By words (BM25)")).to_be_visible()
    expect(first.get_by_text("By meaning (cosine)")).to_be_visible()
    page.get_by_text("Only documents with some metadata").click()
    looked_at(visitor, "why", look)
    first.get_by_role("link", name="Open there").click()
    expect(page.locator("#nx-cited")).to_contain_text("lions")
    looked_at(visitor, "passage", look)


@pytest.mark.parametrize("look", LOOKS)
def test_memories_are_looked_at_put_right_taken_along_and_erased(
    bench: Bench, memories: list[Memory], come: Callable[..., Visitor], look: dict[str, bool]
) -> None:
    visitor = come("editor", **look)
    page = visitor.go("/admin/agents/memory/")
    expect(page.get_by_text("Invoices go out on Fridays.").first).to_be_visible()
    looked_at(visitor, "memories", look, of_ours=False)
    assert clipped(page) == []
    page.locator("input.action-select").first.check()
    page.locator("input.action-select").nth(1).check()
    page.select_option("select[name=action]", label="Export as JSON")
    with page.expect_download() as waiting:
        page.locator("button[name=index], [type=submit][title]").first.click()
    taken = json.loads(Path(waiting.value.path()).read_text())
    assert {one["text"] for one in taken["memories"]} == {one.text for one in memories}

    page = visitor.go(f"/admin/agents/memory/{memories[1].pk}/change/")
    page.get_by_label("Text").fill("Invoices go out on Thursdays.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Invoices go out on Thursdays.").first).to_be_visible()
    looked_at(visitor, "memory", look, of_ours=False)
    page = visitor.go(f"/admin/agents/memory/{memories[1].pk}/delete/")
    page.get_by_role("button", name="Yes, I").click()
    expect(page.get_by_text("Invoices go out on")).to_have_count(1)  # in the message alone
    assert inside(bench, lambda: list(Memory.objects.values_list("pk", flat=True))) == [memories[0].pk]


def clipped(page: Any) -> list[str]:
    """Return the texts of the list's cells that are cut, or stand out of the window."""
    return page.evaluate(
        """() => [...document.querySelectorAll("#result_list td, #result_list th")].filter((cell) => {
          const { left, right } = cell.getBoundingClientRect();
          const cut = cell.scrollWidth > cell.clientWidth + 1 || cell.scrollHeight > cell.clientHeight + 1;
          return cell.innerText.trim() && (cut || left < 0 || right > innerWidth + 1);
        }).map((cell) => cell.innerText.trim().slice(0, 80))"""
    )
