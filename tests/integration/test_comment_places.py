"""Anchors survive edits, or say that what they were at is gone; what comes back is anchored again."""

from __future__ import annotations

import base64

import pytest
from pycrdt import Assoc, Doc, Map, Text

from collaboration.models import CommentThread, SharedDocument
from tenants.context import enter_tenant
from tests.content import GREETING, Content, fill
from tests.integration.test_comments import body, take
from workflows.models import WorkflowVersion

PROMPT = "Say 😀 hello to the world, and hello to me"


@pytest.fixture
def one(acme, person) -> Content:
    owner = person("acme", "owner")
    with enter_tenant(acme):
        content = fill(owner)
        CommentThread.objects.all().delete()
        return content


def draft(acme, one, *nodes):
    """Save a draft of these nodes as the row alone."""
    with enter_tenant(acme):
        version = WorkflowVersion.objects.get(workflow=one.workflow, number=0)
        version.definition = {**GREETING, "nodes": list(nodes)}
        version.save()


def anchor_of(client, one):
    [thread] = client.get(f"comments?subject=workflow:{one.workflow.pk}")["results"]
    return thread["anchor"]


def test_a_node_that_goes_leaves_its_thread_readable_and_takes_it_back(program, acme, one):
    editor = program("acme", "editor")
    editor("post", "comments", body(one, "Why here?", part="node", node="greet"))
    assert anchor_of(editor, one)["orphaned_at"] is None
    draft(acme, one, *GREETING["nodes"][1:])
    gone = anchor_of(editor, one)
    assert gone["orphaned_at"]
    assert gone["place"] == "greet"
    assert [row["comments"][0]["text"] for row in editor.get("comments?orphaned=true")["results"]] == ["Why here?"]
    draft(acme, one, *GREETING["nodes"])
    assert anchor_of(editor, one)["orphaned_at"] is None


def test_who_may_not_see_the_workflow_has_nothing_looked_for(program, acme, one, person):
    """Looking writes down what is gone, which is nobody's to ask for who may not see it."""
    editor, path = program("acme", "editor"), f"comments?subject=workflow:{one.workflow.pk}"
    editor("post", "comments", body(one, "Why here?", part="node", node="greet"))
    draft(acme, one, *GREETING["nodes"][1:])
    with enter_tenant(acme):
        take(person("acme", "viewer"), "view_workflow")
    assert program("acme", "viewer").get(path)["results"] == []
    assert program("globex", "owner").get(path)["results"] == []
    with enter_tenant(acme):
        assert CommentThread.objects.get().orphaned_at is None
    assert anchor_of(editor, one)["orphaned_at"]


def test_words_are_found_where_they_are_now_without_a_shared_document(program, acme, one):
    editor = program("acme", "editor")
    editor("post", "comments", body(one, part="text", node="greet", field="config.template", quote="Hello"))
    first, *others = GREETING["nodes"]
    draft(acme, one, {**first, "config": {"template": "Well, Hello"}}, *others)
    moved = anchor_of(editor, one)
    assert (moved["at_start"], moved["at_end"], moved["orphaned_at"]) == (6, 11, None)
    draft(acme, one, {**first, "config": {"template": "Goodbye"}}, *others)
    assert anchor_of(editor, one)["orphaned_at"]
    draft(acme, one, {**first, "config": {"template": "Hello"}}, *others)
    assert anchor_of(editor, one)["orphaned_at"] is None


class Shared:
    """The shared document of the workflow, as its rows hold it."""

    def __init__(self, acme, one) -> None:
        self.acme, self.name, self.doc = acme, f"workflow:{one.workflow.pk}", Doc()
        self.doc["nodes"] = self.nodes = Map()
        self.put(PROMPT)

    def put(self, prompt: str) -> None:
        node = {"id": "greet", "type": "template", "title": Text("Greet"), "config": Map({"template": Text(prompt)})}
        self.nodes["n1"] = Map(node)
        self.save()

    @property
    def text(self) -> Text:
        return self.nodes["n1"]["config"]["template"]

    def save(self) -> None:
        with enter_tenant(self.acme):
            row, _ = SharedDocument.objects.get_or_create(name=self.name)
            row.last_seq += 1
            row.snapshot, row.snapshot_seq = self.doc.get_update(), row.last_seq
            row.save()

    def position(self, index: int, side: Assoc) -> str:
        return base64.b64encode(self.text.sticky_index(index, side).encode()).decode()

    def range(self, quote: str, nth: int = 0) -> dict[str, str]:
        """Return the anchor of the words, positions as Yjs counts them: in UTF-16."""
        at = -1
        for _ in range(nth + 1):
            at = PROMPT.index(quote, at + 1)
        start = len(PROMPT[:at].encode("utf-16-le")) // 2
        end = start + len(quote.encode("utf-16-le")) // 2
        ends = {"start": self.position(start, Assoc.AFTER), "end": self.position(end, Assoc.BEFORE)}
        return {"part": "text", "node": "n1", "field": "config.template", "quote": quote, **ends}


@pytest.fixture
def shared(acme, one) -> Shared:
    return Shared(acme, one)


def test_a_range_moves_along_with_what_is_written_before_it(program, one, shared):
    editor = program("acme", "editor")
    answer = editor("post", "comments", body(one, **shared.range("hello", nth=1)))
    assert answer.status_code == 201, answer.content
    assert answer.json()["anchor"]["at_start"] == PROMPT.rindex("hello")
    shared.text.insert(0, "Ünd 😀 then: ")
    shared.save()
    now = anchor_of(editor, one)
    assert str(shared.text)[now["at_start"] : now["at_end"]] == "hello"
    assert now["at_start"] == str(shared.text).rindex("hello")


def test_a_range_whose_text_is_deleted_says_so_until_somebody_undoes_that(program, one, shared):
    editor = program("acme", "editor")
    editor("post", "comments", body(one, **shared.range("world")))
    at = str(shared.text).encode().index(b"world")
    del shared.text[at : at + 5]
    shared.save()
    gone = anchor_of(editor, one)
    assert (bool(gone["orphaned_at"]), gone["quote"]) == (True, "world")
    shared.text.insert(at, "world")
    shared.save()
    back = anchor_of(editor, one)
    assert back["orphaned_at"] is None
    assert str(shared.text)[back["at_start"] : back["at_end"]] == "world"


def test_a_node_deleted_in_the_shared_document_and_put_back_has_its_thread_again(program, one, shared):
    editor = program("acme", "editor")
    editor("post", "comments", body(one, **shared.range("world")))
    del shared.nodes["n1"]
    shared.save()
    assert anchor_of(editor, one)["orphaned_at"]
    shared.put(PROMPT)
    assert anchor_of(editor, one)["orphaned_at"] is None


def test_a_node_that_is_renamed_and_called_otherwise_keeps_its_threads(program, one, shared):
    editor = program("acme", "editor")
    editor("post", "comments", body(one, part="node", node="n1"))
    editor("post", "comments", body(one, **shared.range("world")))
    shared.nodes["n1"]["id"] = "salute"
    shared.nodes["n1"]["title"] = Text("Salute")
    shared.text.insert(0, "Please: ")
    shared.save()
    threads = editor.get(f"comments?subject=workflow:{one.workflow.pk}")["results"]
    assert [thread["anchor"]["orphaned_at"] for thread in threads] == [None, None]
    ranged = next(thread["anchor"] for thread in threads if thread["anchor"]["part"] == "text")
    assert str(shared.text)[ranged["at_start"] : ranged["at_end"]] == "world"


def test_a_thread_about_a_step_or_an_approval_outlives_what_becomes_of_the_run(program, one):
    """Steps and approvals are never rewritten: another try is another step, a decision changes the approval's row alone."""
    editor, owner = program("acme", "editor"), program("acme", "owner")
    editor("post", "comments", body(one, kind="run", part="step", step=str(one.step.pk)))
    editor("post", "comments", body(one, kind="approval"))
    assert owner("post", f"approvals/{one.approval.pk}/decide", {"decision": "approve"}).status_code == 200
    draft = {"definition": {**GREETING, "nodes": GREETING["nodes"], "description": "Another draft"}}
    editor("patch", f"workflows/{one.workflow.pk}", draft)
    threads = editor.get("comments?orphaned=false")["results"]
    assert {thread["subject"]["kind"] for thread in threads} == {"run", "approval"}
    assert program("globex", "owner").get("comments")["results"] == []


@pytest.mark.parametrize("position", ["AAUFAA==", "AgUFAA==", "AP///////////w8A", "AQVub2RlcwA=", "!!!!", "AAUF" * 90])
def test_positions_that_are_none_or_of_another_document_harm_nobody(program, one, shared, position):
    editor = program("acme", "editor")
    anchor = {**shared.range("world"), "start": position, "end": position}
    assert editor("post", "comments", body(one, **anchor)).status_code in (201, 400)
    assert editor("get", f"comments?subject=workflow:{one.workflow.pk}").status_code == 200
