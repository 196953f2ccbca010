"""A workflow's draft and its shared document: one follows the other, whoever changes which."""

from __future__ import annotations

import copy
from typing import Any

import pycrdt
import pytest

from collaboration.crdt import store
from collaboration.crdt.shape import definition_of
from collaboration.drafts.settling import settle
from collaboration.models import DocumentUpdate, SettledDocument, SharedDocument
from nexod.kernel.digests import digest_of
from nexod.kernel.errors import NotFound
from tenants.context import enter_tenant
from tests.workbench import definition, output, text
from workflows.actions.tries import try_workflow
from workflows.actions.versions import restore_version, version_named
from workflows.actions.workflows import create_workflow, delete_workflow, publish_workflow, save_draft, update_workflow
from workflows.errors import DraftChanged, DraftConflict
from workflows.models import DraftEdit, DraftSnapshot, Workflow

Json = dict[str, Any]
SIMPLE = definition([text("a", "On {{ inputs.topic }}"), output()])
pytestmark = pytest.mark.usefixtures("in_acme")


@pytest.fixture
def flow(ann: Any) -> Workflow:
    return create_workflow(actor=ann, name="Shared", definition=SIMPLE)


def name_of(flow: Workflow) -> str:
    return f"workflow:{flow.pk}"


def opened(flow: Workflow) -> pycrdt.Doc[Any]:
    """The document as a client has it that just came."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(store.opened(name_of(flow))[0])
    return doc


def edited(flow: Workflow, who: Any, doc: pycrdt.Doc[Any], change: Any) -> None:
    """Let a client change its document, and the server keep that."""
    before = doc.get_state()
    change(doc)
    store.append(name_of(flow), [doc.get_update(before)], who)


def node(doc: pycrdt.Doc[Any], key: str) -> Any:
    return doc.get("nodes", type=pycrdt.Map)[key]


def typing(key: str, field: str, words: str) -> Any:
    def type_(doc: pycrdt.Doc[Any]) -> None:
        place = node(doc, key)["config"][field]
        place += words

    return type_


def draft(flow: Workflow) -> Json:
    found: Json = flow.versions.get(number=0).definition
    return found


def template(found: Json) -> str:
    return str(found["nodes"][0]["config"]["template"])


def test_a_document_begins_as_the_draft_and_the_draft_stays_as_it_is(flow: Workflow) -> None:
    assert definition_of(opened(flow)) == draft(flow)
    told = settle(flow.pk)
    assert told == {"seq": 0, "problems": [], "digest": digest_of(draft(flow))}
    assert SharedDocument.objects.count() == 1


def test_the_draft_follows_and_says_who_did_what(flow: Workflow, ann: Any, bob: Any) -> None:
    one, two = opened(flow), opened(flow)
    edited(flow, ann, one, typing("a", "template", " now"))
    edited(flow, bob, two, lambda doc: node(doc, "a").__setitem__("timeout_s", 20))
    edited(flow, bob, two, lambda doc: node(doc, "a").__setitem__("title", pycrdt.Text("Words")))
    told = settle(flow.pk)
    assert told is not None
    assert told["seq"] == 3
    assert told["problems"] == []
    assert template(draft(flow)) == "On {{ inputs.topic }} now"
    assert flow.versions.get(number=0).author == bob
    by = {edit.author: [change["field"] for change in edit.changes] for edit in DraftEdit.objects.exclude(changes=[])}
    assert by == {ann: ["config.template"], bob: ["title", "timeout_s"]}
    assert [edit.source for edit in DraftEdit.objects.filter(author=bob)] == ["together"]
    assert settle(flow.pk) == told
    assert DraftEdit.objects.exclude(changes=[]).count() == 2


def test_problems_are_told_and_kept_beside_a_draft_that_can_be_read(flow: Workflow, ann: Any) -> None:
    doc = opened(flow)
    edited(flow, ann, doc, lambda doc: node(doc, "a").__setitem__("type", "nothing"))
    told = settle(flow.pk)
    assert told is not None
    assert [(problem["node"], problem["code"]) for problem in told["problems"]] == [("a", "unknown_type")]
    assert draft(flow)["nodes"][0]["type"] == "nothing", "readable: the draft follows"
    edited(flow, ann, doc, lambda doc: node(doc, "a").__setitem__("timeout_s", "soon"))
    told = settle(flow.pk)
    assert told is not None
    assert told["problems"][0]["field"] == "timeout_s"
    assert "timeout_s" not in draft(flow)["nodes"][0], "not readable: the draft waits"
    assert told["digest"] == digest_of(draft(flow))
    edited(flow, ann, doc, lambda doc: node(doc, "a").update({"timeout_s": 5, "type": "template"}))
    told = settle(flow.pk)
    assert told is not None
    assert told["problems"] == []
    assert draft(flow)["nodes"][0]["timeout_s"] == 5


def test_what_is_nested_too_deep_is_a_problem_and_a_saved_draft_heals_it(flow: Workflow, ann: Any) -> None:
    def deeper(doc: pycrdt.Doc[Any]) -> None:
        place = node(doc, "a")["config"]
        for _ in range(1500):
            place["x"] = pycrdt.Map()
            place = place["x"]

    edited(flow, ann, opened(flow), deeper)
    told = settle(flow.pk)
    assert told is not None
    assert [problem["code"] for problem in told["problems"]] == ["too_large"]
    assert draft(flow) == SIMPLE
    save_draft(actor=ann, workflow=flow, definition=SIMPLE)
    assert definition_of(opened(flow)) == SIMPLE
    told = settle(flow.pk)
    assert told is not None
    assert told["problems"] == []


def test_what_the_api_saves_goes_into_the_document(flow: Workflow, ann: Any, bob: Any) -> None:
    doc = opened(flow)
    changed = definition([text("a", "On {{ inputs.topic }}"), text("b", "More"), output()])
    save_draft(actor=bob, workflow=flow, definition=changed)
    assert definition_of(opened(flow)) == draft(flow) == changed
    [update] = DocumentUpdate.objects.all()
    assert update.author == bob
    edited(flow, ann, doc, typing("a", "template", " indeed"))
    settle(flow.pk)
    assert template(draft(flow)) == "On {{ inputs.topic }} indeed"
    assert len(draft(flow)["nodes"]) == 3, "who had the older page overwrote nothing"


def test_what_was_written_and_not_settled_is_not_lost_when_another_saves(flow: Workflow, ann: Any, bob: Any) -> None:
    base = digest_of(draft(flow))
    edited(flow, ann, opened(flow), typing("a", "template", " typed"))
    changed = copy.deepcopy(SIMPLE)
    changed["nodes"][0]["title"] = "Named"
    save_draft(actor=bob, workflow=flow, definition=changed, base=SIMPLE)
    assert template(draft(flow)) == "On {{ inputs.topic }} typed"
    assert draft(flow)["nodes"][0]["title"] == "Named"
    with pytest.raises(DraftChanged):
        save_draft(actor=bob, workflow=flow, definition=changed, base="0" * 64)
    save_draft(actor=bob, workflow=flow, definition=changed, base=base)  # a state that was kept before it was left
    assert template(draft(flow)) == "On {{ inputs.topic }} typed"


def test_without_a_document_bases_merge_and_contradictions_are_refused(flow: Workflow, ann: Any, bob: Any) -> None:
    one, two = copy.deepcopy(SIMPLE), copy.deepcopy(SIMPLE)
    one["limits"], two["limits"] = {"visits": 3}, {"visits": 4}
    save_draft(actor=ann, workflow=flow, definition=one, base=SIMPLE)
    with pytest.raises(DraftConflict) as refused:
        save_draft(actor=bob, workflow=flow, definition=two, base=SIMPLE)
    assert refused.value.details == [{"node": "", "field": "limits", "theirs": {"visits": 3}, "yours": {"visits": 4}}]
    assert draft(flow) == one
    three = copy.deepcopy(SIMPLE)
    three["nodes"][0]["title"] = "Named"
    save_draft(actor=bob, workflow=flow, definition=three, base=SIMPLE)
    assert (draft(flow)["limits"], draft(flow)["nodes"][0]["title"]) == ({"visits": 3}, "Named")
    assert not SharedDocument.objects.exists()


def test_a_restored_version_is_an_edit_whose_state_before_is_kept(flow: Workflow, ann: Any, bob: Any) -> None:
    publish_workflow(actor=ann, workflow=flow)
    doc = opened(flow)
    edited(flow, ann, doc, typing("a", "template", " later"))
    restore_version(actor=bob, workflow=flow, number=1)
    assert definition_of(opened(flow)) == draft(flow) == SIMPLE
    kept = DraftSnapshot.objects.get(kind="replaced")
    assert (kept.author, template(kept.definition)) == (bob, "On {{ inputs.topic }} later")
    newest = DraftEdit.objects.first()
    assert newest is not None
    assert (newest.author, newest.source, newest.note) == (bob, "restored", "As in version 1")


def test_what_the_database_does_not_keep_stops_nothing(flow: Workflow, ann: Any) -> None:
    doc = opened(flow)
    edited(flow, ann, doc, typing("a", "template", "a\0b"))
    edited(flow, ann, doc, lambda doc: doc.get("nodes", type=pycrdt.Map).update({"n\0": pycrdt.Map({"id": "n\0"})}))
    told = settle(flow.pk)
    assert told is not None
    assert [problem["code"] for problem in told["problems"]] == ["malformed"]
    assert draft(flow) == SIMPLE
    [edit] = DraftEdit.objects.exclude(changes=[])
    assert {change["node"] for change in edit.changes} == {"a", "n\ufffd"}


def test_what_a_killed_process_left_is_caught_up_before_it_matters(flow: Workflow, ann: Any) -> None:
    doc = opened(flow)
    edited(flow, ann, doc, typing("a", "template", " one"))
    assert publish_workflow(actor=ann, workflow=flow).definition["nodes"][0]["config"]["template"].endswith(" one")
    edited(flow, ann, doc, typing("a", "template", " two"))
    run = try_workflow(actor=ann, workflow=flow, inputs={"topic": "tides"})
    assert run.definition["nodes"][0]["config"]["template"].endswith(" one two")
    edited(flow, ann, doc, typing("a", "template", " three"))
    assert template(version_named(flow, "draft").definition).endswith(" one two three")


def test_a_renamed_node_is_told_as_renamed(flow: Workflow, ann: Any) -> None:
    edited(flow, ann, opened(flow), lambda doc: node(doc, "a").__setitem__("id", "words"))
    settle(flow.pk)
    [edit] = DraftEdit.objects.exclude(changes=[])
    assert [(change["sort"], change["before"], change["after"]) for change in edit.changes] == [
        ("renamed", "a", "words")
    ]


def test_the_workflow_is_called_what_its_editors_call_it(flow: Workflow, ann: Any) -> None:
    def call(doc: pycrdt.Doc[Any]) -> None:
        doc.get("workflow", type=pycrdt.Map)["name"] = pycrdt.Text("Better")

    edited(flow, ann, opened(flow), call)
    settle(flow.pk)
    assert Workflow.objects.get().name == "Better"
    update_workflow(actor=ann, workflow=flow, definition=SIMPLE)
    assert Workflow.objects.get().name == "Better", "a definition that is saved says nothing of the workflow's own name"


def test_a_snapshot_that_is_ahead_loses_no_edit(flow: Workflow, ann: Any) -> None:
    edited(flow, ann, opened(flow), typing("a", "template", " one"))
    store.compacted(name_of(flow))
    told = settle(flow.pk)
    assert told is not None
    assert told["seq"] == 1
    assert template(draft(flow)).endswith(" one")


def test_a_snapshot_that_is_ahead_does_not_hide_who_wrote(flow: Workflow, bob: Any) -> None:
    doc = opened(flow)
    settle(flow.pk)
    edited(flow, bob, doc, typing("a", "template", " one"))
    store.compacted(name_of(flow))
    settle(flow.pk)
    edit = DraftEdit.objects.first()
    assert edit is not None
    assert (edit.author, len(edit.changes)) == (bob, 1)


def test_a_deleted_workflow_takes_its_document_along(flow: Workflow, ann: Any, bob: Any) -> None:
    opened(flow)
    settle(flow.pk)
    delete_workflow(actor=bob, workflow=flow)
    assert not SharedDocument.objects.exists()
    assert not SettledDocument.objects.exists()
    with pytest.raises(NotFound):
        store.opened(name_of(flow))
    assert settle(flow.pk) is None


def test_the_other_tenant_has_no_such_document(flow: Workflow, ann: Any, globex: Any) -> None:
    edited(flow, ann, opened(flow), typing("a", "template", " here"))
    settle(flow.pk)
    with enter_tenant(globex):
        with pytest.raises(NotFound):
            store.opened(name_of(flow))
        assert settle(flow.pk) is None
        assert not DraftEdit.objects.exists()
        assert not SharedDocument.objects.exists()
