"""An update in the log that panics the library: the document opens without it, and no process ends of it."""

from __future__ import annotations

import asyncio

import pycrdt
import pytest

from collaboration.crdt import committed, store
from collaboration.drafts.settling import settle
from collaboration.models import DocumentUpdate, SharedDocument
from tests.documents import Papers, editor, key, papers, text_of
from workflows.models import Workflow, WorkflowVersion

__all__ = ["key", "papers"]

# The clock of the first item is the largest number of a machine word: the library counts beyond the end of a list.
PANICS = bytes.fromhex("010305ffffffffffffffffff01040104746578740568656c6c6f2701016d016101280005000162017c3f80000000")
REFUSED = [PANICS, b"\x01\x01\x01"]
pytestmark = pytest.mark.parametrize("bad", REFUSED, ids=["panics", "malformed"])


async def poison(papers: Papers, name: str, bad: bytes) -> None:
    await papers.within("acme", lambda: store.append_edits(name, [store.Edit(bad, None)]))


def test_it_is_refused_by_the_library(bad):
    with pytest.raises(BaseException) as refused:
        pycrdt.Doc().apply_update(bad)
    assert committed.is_refusal(refused.value)


def test_a_document_that_begins_with_it_is_said_to_be_broken(bad):
    with pytest.raises(committed.DocumentBroken):
        committed.document_of([bad])


async def test_who_opens_the_document_has_the_rest_and_edits_on(stage, papers, key, bad):
    name = await papers.make()
    await papers.write(name, "before ")
    await poison(papers, name, bad)
    async with editor(stage, name) as a, editor(stage, name) as b:
        await a.sync()
        assert str(a.text) == "before "
        await b.sync()
        await a.insert("after ")
        await b.until(lambda b: str(b.text) == "after before ")
    assert await papers.text(name) == "after before "
    await asyncio.to_thread(papers.rest)
    async with editor(stage, name) as late:
        await late.sync()
        assert str(late.text) == "after before "


async def test_who_is_in_the_document_when_it_comes_is_asked_to_come_again(stage, papers, key, bad):
    name = await papers.make()
    async with editor(stage, name) as a:
        await a.sync()
        await a.insert("kept ")
        await a.until(lambda _: True)
        while (await a.hear())[:2] != b"\x00\x02":
            pass
        await poison(papers, name, bad)
        assert await a.closed() == 1013
    async with editor(stage, name) as again:
        await again.sync()
        assert str(again.text) == "kept "
        await again.insert("and more ")
        while (await again.hear())[:2] != b"\x00\x02":
            pass
    assert await papers.text(name) == "and more kept "


async def test_the_draft_follows_without_it(stage, papers, key, bad):
    name = await papers.make()

    def rename(words: str) -> None:
        document = pycrdt.Doc()
        document.apply_update(store.opened(name)[0])
        before = document.get_state()
        document.get("workflow", type=pycrdt.Map)["name"] = pycrdt.Text(words)
        store.append(name, [document.get_update(before)], None)

    def follows() -> tuple[str, int]:
        workflow = Workflow.objects.get(pk=name.partition(":")[2])
        rename("First")
        store.append_edits(name, [store.Edit(bad, None)])
        rename("Second")
        said = settle(workflow.pk)
        assert said is not None
        rename("Third")
        settle(workflow.pk)
        return WorkflowVersion.objects.get(workflow=workflow, number=0).definition["name"], said["seq"]

    assert await papers.within("acme", follows) == ("Third", 3)


async def test_the_snapshot_is_made_without_it(stage, papers, key, bad):
    name = await papers.make()
    await papers.write(name, "kept")
    await poison(papers, name, bad)

    def compacted() -> tuple[str, int]:
        store.compacted(name)
        row = SharedDocument.objects.get(name=name)
        return text_of(bytes(row.snapshot)), row.snapshot_seq

    assert await papers.within("acme", compacted) == ("kept", 2)
    assert await papers.within("acme", lambda: DocumentUpdate.objects.filter(document__name=name).count()) <= 2
