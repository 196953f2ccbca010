"""Filling a knowledge base in a real browser: files are dropped, texts and pages added, progress and reasons shown."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from agents.actions.lanes import LANES
from agents.models import Document, KnowledgeBase, Sitemap
from agents.tasks import ingest_documents
from tests.acceptance.test_browser import come, hall, nursery
from tests.axe import serious
from tests.browser import Visitor, apart, inside
from tests.office import word
from tests.workbench import Bench

__all__ = ["come", "hall", "nursery"]
pytestmark = pytest.mark.browser
LOOKS: dict[str, dict[str, bool]] = {"light": {}, "dark": {"dark": True}, "phone": {"phone": True}}


@pytest.fixture
def base(bench: Bench) -> KnowledgeBase:
    """A knowledge base with a document in every state, and a sitemap."""
    with bench.inside("acme"):
        base = KnowledgeBase.objects.create(slug="docs", name="Handbook")
        sitemap = Sitemap.objects.create(
            knowledge_base=base, address="https://docs.example.com/sitemap.xml", status="ready", found=120, left_out=3
        )
        reason = {"code": "document_encrypted", "message": "This PDF is protected by a password. Save it without one."}
        for number, (name, status) in enumerate(
            [("guide.pdf", "ready"), ("secret.pdf", "failed"), ("new.docx", "processing"), ("later.xlsx", "pending")]
        ):
            Document.objects.create(
                knowledge_base=base, name=name, status=status, progress=40, bytes=123_456, content_hash=str(number),
                error=reason if status == "failed" else None, text_length=2_000,
                retry_at=timezone.now() + timedelta(hours=1),
            )  # fmt: skip
        Document.objects.create(
            knowledge_base=base, name="tides.html", title="Tides", origin="url", sitemap=sitemap, status="duplicate",
            address="https://docs.example.com/a/rather/long/path/that/has/to/be/broken/somewhere/tides.html",
            error={"code": "document_duplicate", "message": "The same content is here already, as 'guide.pdf'."},
        )  # fmt: skip
        return base


@pytest.mark.parametrize("look", LOOKS)
def test_the_pages_read_well(base: KnowledgeBase, come: Callable[..., Visitor], look: str) -> None:
    visitor = come("owner", **LOOKS[look])
    sitemap, document = "sitemap", "document"
    for name, path in {
        "base": f"knowledgebase/{base.pk}/change/", "add": f"knowledgebase/{base.pk}/add/", "documents": f"{document}/",
        "sitemaps": f"{sitemap}/",
    }.items():  # fmt: skip
        page = visitor.go(f"/admin/agents/{path}")
        for more in page.locator("details.nx-step > summary").all():
            more.click()
        shot(page, name, look)
        assert visitor.too_wide() <= 0, name
        if name in ("base", "add"):  # lists are drawn by the admin's theme
            assert serious(page) == [], name
    assert not visitor.wrong


def test_what_is_dropped_and_written_is_read_and_shown(
    base: KnowledgeBase, bench: Bench, come: Callable[..., Visitor]
) -> None:
    visitor = come("owner")
    page = visitor.go(f"/admin/agents/knowledgebase/{base.pk}/add/")
    page.set_input_files(
        "#nx-files", [{"name": "a.docx", "mimeType": "application/octet-stream", "buffer": word("In Word.")}]
    )
    page.get_by_text("a.docx: is being read.").wait_for()
    page.get_by_text("Metadata and readers").first.click()
    page.locator("#nx-about-files").fill("author: Ada")
    page.get_by_label("Only I may read it").first.check()
    page.set_input_files("#nx-files", [{"name": "b.md", "mimeType": "text/markdown", "buffer": b"Mine alone."}])
    page.get_by_text("b.md: is being read.").wait_for()
    mine = inside(bench, lambda: Document.objects.get(name="b.md"))
    assert (mine.visibility, mine.metadata) == ("restricted", {"author": "Ada"})
    page.get_by_label("Title").fill("A note")
    page.get_by_label("Text, plain or Markdown").fill("Something to know.")
    page.get_by_role("button", name="Add text").click()
    page.get_by_text("The text is being read.").wait_for()
    headers = {"nexod_tenant": bench.tenant("acme").schema_name}
    given = {"kwargs": {"lane": str(LANES[0])}, "headers": headers, "throw": True}
    apart(lambda: ingest_documents.apply(**given))
    page.get_by_role("row").filter(has_text="A note").get_by_text("Ready").wait_for()
    page.get_by_role("button", name="Read failed ones again").click()
    page.get_by_text("1 document is read anew.").wait_for()
    assert not visitor.wrong


def shot(page: Any, name: str, look: str) -> None:
    """Keep a picture where NEXOD_PICTURES says so."""
    if folder := os.environ.get("NEXOD_PICTURES"):
        page.screenshot(path=Path(folder) / f"fill-{name}-{look}.png", full_page=True)
