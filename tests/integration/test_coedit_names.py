"""Who renames a workflow by the API renames it for everybody who edits its draft."""

from __future__ import annotations

import asyncio

import pycrdt

from collaboration.crdt import frames
from tests.documents import editor, key, papers
from workflows.models import DraftEdit, Workflow, WorkflowVersion

__all__ = ["key", "papers"]


def said(one, field: str = "name") -> str:
    return str(one.document.get("workflow", type=pycrdt.Map).get(field, ""))


async def patch(stage, key: str, document: str, **fields: str) -> dict:
    async with stage.program("acme", key) as client:
        answer = await client.patch(f"/api/v1/workflows/{document.partition(':')[2]}", json=fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_new_name_reaches_those_who_edit(stage, papers, key):
    name = await papers.make("acme", "globex")
    theirs = stage.key("globex", "editor", scopes=("read", "write"))
    async with editor(stage, name) as a, editor(stage, name, slug="globex", key=theirs) as b:
        await a.sync()
        await b.sync()
        before = said(b)
        shown = await patch(stage, key, name, name="Invoices, renamed", description="What they are for")
        await a.until(lambda a: said(a) == "Invoices, renamed" and said(a, "description") == "What they are for")
        await b.sync()
        assert said(b) == before, "another organisation's document of the same name"
    assert shown["name"] == "Invoices, renamed"
    assert shown["draft"]["definition"]["name"] == "Invoices, renamed", "the draft follows at once"

    def kept() -> tuple[str, list[str]]:
        pk = name.partition(":")[2]
        told = DraftEdit.objects.filter(workflow=pk, author=stage.user("acme", "editor"))
        return Workflow.objects.get(pk=pk).name, [change["field"] for edit in told for change in edit.changes]

    assert await papers.within("acme", kept) == ("Invoices, renamed", ["name", "description"])


async def test_it_wins_over_what_editors_wrote_before_and_theirs_later_over_it(stage, papers, key):
    name = await papers.make()

    def called() -> str:
        return Workflow.objects.get(pk=name.partition(":")[2]).name

    async with editor(stage, name) as a:
        await a.sync()
        for words in ("theirs", "ours"):
            before = a.document.get_state()
            a.document.get("workflow", type=pycrdt.Map)["name"] = pycrdt.Text(words)
            await a.send(frames.change(a.document.get_update(before)))
            while (await a.hear())[:2] != b"\x00\x02":
                pass
            if words == "theirs":
                await patch(stage, key, name, name="By the API")
                await a.until(lambda a: said(a) == "By the API")
                assert await papers.within("acme", called) == "By the API"
    await asyncio.to_thread(papers.rest)
    assert await papers.within("acme", called) == "ours"


async def test_without_a_document_only_the_row_is_renamed(stage, papers, key):
    name = await papers.make()
    shown = await patch(stage, key, name, name="Alone")
    assert shown["name"] == "Alone"

    def draft() -> str:
        return WorkflowVersion.objects.get(workflow=name.partition(":")[2], number=0).definition.get("name", "")

    assert await papers.within("acme", draft) != "Alone"
