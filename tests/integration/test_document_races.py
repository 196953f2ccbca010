"""What happens to a document at the same moment ends as if it had happened in a row. Really committed, over two connections."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection, transaction

from agents.actions import contents
from agents.actions.documents import delete_document, put_text
from agents.actions.ingestion import read_claimed
from agents.actions.knowledge import create_knowledge_base, delete_knowledge_base
from agents.actions.lanes import claim
from agents.knowledge.errors import DocumentGone
from agents.knowledge.index import embedded
from agents.models import Chunk, Document, KnowledgeBase, VectorSpace
from nexod.kernel.errors import NexodError
from tenants.context import enter_platform
from tenants.models import UsageRecord
from tests.faults import until
from tests.workbench import Bench

WAIT_S = 120


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def base(bench: Bench) -> KnowledgeBase:
    with bench.inside():
        return create_knowledge_base(actor=bench.user("editor"), name="Docs")


def held_up(bench: Bench, first: Any, second: Any, then: Any = lambda: None) -> list[NexodError]:
    """Do ``first`` in a transaction, ``then`` as soon as ``second`` waits for it; return what the second was refused with."""
    ended: list[NexodError] = []

    def come() -> None:
        with bench.inside():
            try:
                second()
            except NexodError as error:
                ended.append(error)

    comer = threading.Thread(target=come)
    with bench.inside():
        with transaction.atomic():
            first()
            comer.start()
            until(_somebody_waits, "the second waits for the first", seconds=WAIT_S)
            then()
        comer.join(WAIT_S)
    assert not comer.is_alive()
    return ended


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def kept(bench: Bench, media: Path) -> tuple[int, int]:
    """Return how many files there are, and how many bytes are metered."""
    with enter_platform():
        metered = UsageRecord.objects.filter(tenant=bench.tenant("acme"), metric="storage_bytes")
        return sum(path.is_file() for path in media.rglob("*")), int(sum(metered.values_list("amount", flat=True)))


def test_a_page_that_gets_its_file_while_it_is_deleted_leaves_neither_file_nor_bytes(
    bench: Bench, base: KnowledgeBase, media: Path
) -> None:
    before = kept(bench, media)
    with bench.inside():
        page = Document.objects.create(knowledge_base=base, name="p.html", origin="url", address="https://a.test/")
        claim(Document.objects.all(), page.pk)
        taken = Document.objects.select_related("knowledge_base").get(pk=page.pk)
        editor = bench.user("editor")
    content = ContentFile(b"<p>One page.", name="p.html")
    [error] = held_up(
        bench,
        lambda: contents.forget_files(Document.objects.filter(pk=page.pk)),
        lambda: contents.take(taken, content, is_in_work=True),
        then=lambda: delete_document(actor=editor, document=page),
    )
    assert isinstance(error, DocumentGone)
    assert kept(bench, media) == before


@pytest.mark.parametrize("what", ["document", "knowledge base", "knowledge base without vectors"])
def test_what_is_deleted_while_it_is_indexed_leaves_nothing(
    bench: Bench, base: KnowledgeBase, media: Path, what: str
) -> None:
    """The reader comes to the database when the deletion is under way, and finds nothing to write to at its end."""
    with bench.inside():
        embedded(base, ["The model is loaded."])
        if what == "knowledge base without vectors":
            VectorSpace.objects.all().delete()
    before = kept(bench, media)
    with bench.inside():
        editor = bench.user("editor")
        document, _ = put_text(actor=editor, knowledge_base=base, title="Tides", text="The moon makes tides. " * 50)
        read = document.pk  # deleted, the row in memory has none any more
        claim(Document.objects.all(), read)

    def delete() -> None:
        if what == "document":
            delete_document(actor=editor, document=document)
        else:
            delete_knowledge_base(actor=editor, knowledge_base=base)

    assert held_up(bench, delete, lambda: read_claimed(read)) == []
    with bench.inside():
        assert (Document.objects.count(), Chunk.objects.count()) == (0, 0)
    assert kept(bench, media) == before
