"""The history of a draft, states of it, and publishing what is not one's own: over the API, the admin and the command."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from collaboration.crdt import presence, store
from collaboration.crdt.presence import Editor
from nexod.kernel.digests import digest_of
from tenants.context import current_tenant
from tests.workbench import definition, output, text
from workflows.actions.drafts import states
from workflows.actions.drafts.following import EDITS_KEPT, STATE_EVERY, STATES_KEPT, STRETCH
from workflows.actions.workflows import create_workflow, publish_workflow, save_draft
from workflows.models import DraftEdit, DraftSnapshot, Workflow
from workflows.portable.bundle import written
from workflows.portable.exporting import exported

Json = dict[str, Any]
Visit = Callable[..., Any]
SIMPLE = definition([text("a", "On {{ inputs.topic }}", title="Words"), output()])
pytestmark = pytest.mark.usefixtures("in_acme")


@pytest.fixture
def flow(ann: Any) -> Workflow:
    made = create_workflow(actor=ann, name="Told", definition=SIMPLE)
    publish_workflow(actor=ann, workflow=made)
    return made


def saying(words: str, **fields: Any) -> Json:
    found = copy.deepcopy(SIMPLE)
    found["nodes"][0] |= {"config": {"template": words}, **fields}
    return found


def path(flow: Workflow, rest: str = "") -> str:
    return f"/api/v1/workflows/{flow.pk}{rest}"


def test_that_a_workflow_was_created_is_told_also_when_its_first_change_is_undone(ann: Any) -> None:
    made = create_workflow(actor=ann, name="Told", definition=SIMPLE)
    save_draft(actor=ann, workflow=made, definition=saying("One {{ inputs.topic }}"))
    save_draft(actor=ann, workflow=made, definition=SIMPLE)
    assert list(DraftEdit.objects.values_list("note", "changes")) == [("Created", [])]


def test_the_history_says_who_did_what_in_words(visit: Visit, flow: Workflow, ann: Any, bob: Any) -> None:
    save_draft(actor=ann, workflow=flow, definition=saying("One {{ inputs.topic }}"))
    save_draft(actor=ann, workflow=flow, definition=saying("Two {{ inputs.topic }}", title="Two"))
    more = saying("Two {{ inputs.topic }}", title="Two")
    more["nodes"].insert(1, text("b", "More", title="More"))
    more["edges"] = [{"from": "a", "to": "b"}, {"from": "b", "to": "end"}]
    save_draft(actor=bob, workflow=flow, definition=more)
    began = timezone.now()
    answer = visit("acme", "viewer").get(path(flow, "/history")).json()
    bobs, anns, _ = answer["results"]
    ends = [datetime.fromisoformat(one["ended_at"]) for one in (anns, bobs)]
    assert datetime.fromisoformat(anns["created_at"]) < ends[0] < ends[1] <= began
    assert (bobs["author"]["email"], anns["author"]["email"]) == (bob.email, ann.email)
    assert (bobs["published"], anns["published"], answer["results"][2]["published"]) == (False, False, True)
    assert sorted(bobs["sentences"]) == [
        "added the step “More”",
        "connected a → b",
        "connected b → end",
        "disconnected a → end",
    ]
    assert sorted(anns["sentences"]) == ["called the step a “Two” (it was “Words”)", "changed the template of “Two”"]
    [change] = [one for one in anns["changes"] if one["field"] == "config.template"]
    assert (change["before"], change["after"]) == ("On {{ inputs.topic }}", "Two {{ inputs.topic }}")
    assert visit("globex", "owner").get(path(flow, "/history")).status_code == 404


def test_what_is_changed_back_is_not_told(flow: Workflow, ann: Any) -> None:
    save_draft(actor=ann, workflow=flow, definition=saying("One {{ inputs.topic }}"))
    save_draft(actor=ann, workflow=flow, definition=SIMPLE)
    assert not DraftEdit.objects.filter(closed=False).exists()


def test_a_pause_begins_a_new_piece_of_work(flow: Workflow, ann: Any) -> None:
    save_draft(actor=ann, workflow=flow, definition=saying("One {{ inputs.topic }}"))
    DraftEdit.objects.update(ended_at=timezone.now() - STRETCH - STRETCH)
    save_draft(actor=ann, workflow=flow, definition=saying("Two {{ inputs.topic }}"))
    assert DraftEdit.objects.filter(closed=False).count() == 2


def test_states_are_kept_by_name_and_restored(visit: Visit, flow: Workflow, ann: Any, bob: Any) -> None:
    editor, viewer = visit("acme", "editor"), visit("acme", "viewer")
    made = editor.post(path(flow, "/states"), {"name": "Before the feast"}, "application/json")
    assert made.status_code == 201, made.json()
    store.opened(f"workflow:{flow.pk}")  # somebody edits it now
    save_draft(actor=bob, workflow=flow, definition=saying("Feast {{ inputs.topic }}"))
    state = made.json()["id"]
    assert viewer.get(path(flow, f"/states/{state}")).json()["definition"] == SIMPLE
    assert viewer.post(path(flow, f"/states/{state}/restore")).status_code == 403
    back = editor.post(path(flow, f"/states/{state}/restore"))
    assert (back.status_code, back.json()["definition"]) == (200, SIMPLE)
    kept = {one["kind"]: one for one in viewer.get(path(flow, "/states")).json()["results"]}
    assert set(kept) == {"named", "replaced"}
    undone = editor.post(path(flow, f"/states/{kept['replaced']['id']}/restore")).json()
    assert undone["definition"]["nodes"][0]["config"]["template"] == "Feast {{ inputs.topic }}"
    assert visit("globex", "owner").get(path(flow, f"/states/{state}")).status_code == 404
    assert editor.delete(path(flow, f"/states/{state}")).status_code == 204
    assert not DraftSnapshot.objects.filter(kind="named").exists()


def test_a_state_is_kept_now_and_then_while_somebody_works(visit: Visit, flow: Workflow, ann: Any, bob: Any) -> None:
    for number, who in enumerate((ann, bob, ann)):
        save_draft(actor=who, workflow=flow, definition=saying(f"{number} {{{{ inputs.topic }}}}"))
    answer = visit("acme", "viewer").get(path(flow, "/states")).json()["results"]
    [first] = DraftSnapshot.objects.all()
    assert ([one["kind"] for one in answer], first.definition) == (["automatic"], SIMPLE), (
        "one for a quarter of an hour"
    )
    DraftSnapshot.objects.update(created_at=timezone.now() - STATE_EVERY)
    save_draft(actor=bob, workflow=flow, definition=saying("3 {{ inputs.topic }}"))
    newest = DraftSnapshot.objects.order_by("created_at").last()
    assert newest is not None
    assert (newest.kind, newest.definition) == ("automatic", saying("2 {{ inputs.topic }}"))
    assert DraftSnapshot.objects.count() == 2


def test_one_state_too_many_is_refused_in_words(visit: Visit, flow: Workflow, monkeypatch: Any) -> None:
    monkeypatch.setattr(states, "NAMED_LIMIT", 0)
    page = visit("acme", "editor").post(f"/admin/workflows/workflow/{flow.pk}/states/", {"name": "Full"}, follow=True)
    assert "forget one of them first" in page.content.decode()
    assert visit("acme", "editor").post(path(flow, "/states"), {"name": "Full"}, "application/json").status_code == 409
    assert not DraftSnapshot.objects.exists()


def test_what_is_old_is_forgotten_but_for_what_has_a_name(flow: Workflow, ann: Any, bob: Any) -> None:
    long_ago = timezone.now() - STATES_KEPT - EDITS_KEPT
    for name in ("", "Dear"):
        fields = {"definition": SIMPLE, "digest": name or "x", "name": name, "kind": "named" if name else "automatic"}
        DraftSnapshot.objects.create(workflow=flow, **fields)
    DraftSnapshot.objects.update(created_at=long_ago)
    DraftEdit.objects.update(ended_at=long_ago)
    save_draft(actor=bob, workflow=flow, definition=saying("Now {{ inputs.topic }}"))
    assert [(one.kind, one.name) for one in DraftSnapshot.objects.order_by("created_at")] == [
        ("named", "Dear"), ("automatic", ""),
    ]  # fmt: skip
    assert [edit.author for edit in DraftEdit.objects.all()] == [bob]


def test_one_who_publishes_the_work_of_another_is_asked(visit: Visit, flow: Workflow, ann: Any, bob: Any) -> None:
    save_draft(actor=ann, workflow=flow, definition=saying("Half done {{ inputs.topic }}"))
    save_draft(actor=bob, workflow=flow, definition=saying("Half done {{ inputs.topic }}", timeout_s=5))
    admin = visit("acme", "admin")
    digest = admin.get(path(flow)).json()["draft"]["digest"]
    refused = admin.post(path(flow, "/publish"), {"digest": digest}, "application/json")
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (409, "publish_unconfirmed")
    [changed] = error["details"]["changed"]
    assert (changed["name"], changed["sentences"]) == (str(ann), ["changed the template of “Words”"])
    facts = admin.get(path(flow, "/unpublished")).json()
    assert {one["id"] for one in facts["changed"]} == {str(ann.pk), str(bob.pk)}
    done = admin.post(path(flow, "/publish"), {"digest": digest, "confirm": True}, "application/json")
    assert done.status_code == 201, done.json()
    assert {one["name"] for one in done.json()["contributors"]} == {str(ann), str(bob)}
    assert admin.get(path(flow, "/unpublished")).json()["changed"] == []


def test_who_publishes_while_somebody_edits_is_asked(visit: Visit, flow: Workflow, ann: Any, bob: Any) -> None:
    store.opened(f"workflow:{flow.pk}")
    save_draft(actor=bob, workflow=flow, definition=saying("Mine {{ inputs.topic }}"))
    place = (current_tenant().pk, f"workflow:{flow.pk}")
    here = [Editor(str(ann.pk), str(ann), True)]
    presence.count(*place, here, [])
    try:
        refused = visit("acme", "admin").post(path(flow, "/publish"), {}, "application/json")
        assert refused.status_code == 409
        details = refused.json()["error"]["details"]
        assert (details["editing"], details["changed"]) == ([{"id": str(ann.pk), "name": str(ann)}], [])
    finally:
        presence.count(*place, [], here)
    assert visit("acme", "admin").post(path(flow, "/publish"), {}, "application/json").status_code == 201


def test_only_what_was_seen_is_published(visit: Visit, flow: Workflow, ann: Any) -> None:
    editor = visit("acme", "editor")
    save_draft(actor=ann, workflow=flow, definition=saying("Seen {{ inputs.topic }}"))
    seen = editor.get(path(flow)).json()["draft"]["digest"]
    save_draft(actor=ann, workflow=flow, definition=saying("Not seen {{ inputs.topic }}"))
    refused = editor.post(path(flow, "/publish"), {"digest": seen}, "application/json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "draft_changed")
    assert visit("acme", "viewer").post(path(flow, "/publish"), {}, "application/json").status_code == 403


def test_the_last_who_saves_over_the_api_does_not_win(visit: Visit, flow: Workflow, ann: Any, bob: Any) -> None:
    editor = visit("acme", "editor")
    answer = editor.get(path(flow))
    read = answer.json()["draft"]
    assert answer["ETag"] == f'"{read["digest"]}"'
    save_draft(actor=bob, workflow=flow, definition=saying("On {{ inputs.topic }}", timeout_s=5))
    mine = {"definition": saying("On all of {{ inputs.topic }}")}
    answer = editor.patch(path(flow), mine | {"base": read["digest"]}, "application/json")
    assert answer.status_code == 200, answer.json()
    [first, _] = answer.json()["draft"]["definition"]["nodes"]
    assert (first["config"]["template"], first["timeout_s"]) == ("On all of {{ inputs.topic }}", 5)
    against = {"definition": saying("On all of {{ inputs.topic }}", timeout_s=9)}
    refused = editor.patch(path(flow), against, "application/json", headers={"If-Match": f'"{read["digest"]}"'})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "draft_conflict")
    assert refused.json()["error"]["details"] == [{"node": "a", "field": "timeout_s", "theirs": 5, "yours": 9}]
    unknown = editor.patch(path(flow), against | {"base": "0" * 64}, "application/json")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (409, "draft_changed")


def test_a_push_that_publishes_asks_too(flow: Workflow, ann: Any, bob: Any, tmp_path: Any) -> None:
    file = tmp_path / "told.yaml"
    file.write_text(written(exported(flow, flow.versions.get(number=1)), "yaml"))
    save_draft(actor=ann, workflow=flow, definition=saying("Half done {{ inputs.topic }}"))
    push = ["workflow", "push", str(file), "--tenant=acme", f"--as={bob.email}", "--publish", "--replace"]
    with pytest.raises(CommandError, match="--confirm"):
        call_command(*push, stdout=StringIO())
    assert flow.versions.count() == 2
    call_command(*push, "--confirm", stdout=StringIO())
    assert flow.versions.count() == 3
    assert digest_of(flow.versions.get(number=0).definition) == digest_of(SIMPLE)


def test_the_page_shows_what_is_published_and_publishes_it(visit: Visit, flow: Workflow, ann: Any, bob: Any) -> None:
    save_draft(actor=ann, workflow=flow, definition=saying("Half done {{ inputs.topic }}"))
    admin, page = visit("acme", "admin"), f"/admin/workflows/workflow/{flow.pk}/publish/"
    shown = admin.get(page).content.decode()
    assert str(ann) in shown
    assert "changed the template of “Words”" in shown
    digest = digest_of(flow.versions.get(number=0).definition)
    unasked = admin.post(page, {"digest": digest})
    assert unasked.status_code == 200
    assert flow.versions.count() == 2
    assert admin.post(page, {"digest": "0" * 64, "confirm": "1"}).status_code == 200
    assert flow.versions.count() == 2
    assert admin.post(page, {"digest": digest, "confirm": "1", "note": "Done"}).status_code == 302
    assert flow.versions.get(number=2).note == "Done"
    assert visit("acme", "viewer").get(page).status_code == 403
    assert visit("globex", "owner").get(page).status_code == 404


def test_the_form_leads_to_what_has_to_be_looked_at(visit: Visit, flow: Workflow, ann: Any) -> None:
    save_draft(actor=ann, workflow=flow, definition=saying("Half done {{ inputs.topic }}"))
    form = {"name": "Told", "slug": flow.slug, "definition": json.dumps(saying("Done {{ inputs.topic }}"))}
    answer = visit("acme", "admin").post(
        f"/admin/workflows/workflow/{flow.pk}/change/", {**form, "_publish": "1", "note": "N & M"}
    )
    assert (answer.status_code, answer["Location"]) == (
        302,
        f"/admin/workflows/workflow/{flow.pk}/publish/?note=N+%26+M",
    )
    assert flow.versions.count() == 2
    assert flow.versions.get(number=0).definition == saying("Done {{ inputs.topic }}")


def test_the_history_page_leads_back(visit: Visit, flow: Workflow, ann: Any, bob: Any) -> None:
    editor, pages = visit("acme", "editor"), f"/admin/workflows/workflow/{flow.pk}"
    save_draft(actor=bob, workflow=flow, definition=saying("<b>Bold</b> {{ inputs.topic }}"))
    assert editor.post(f"{pages}/states/", {"name": "Bold one"}).status_code == 302
    assert editor.post(f"{pages}/states/", {"name": " "}).status_code == 302
    state = DraftSnapshot.objects.get(kind="named")
    save_draft(actor=bob, workflow=flow, definition=saying("<b>Bolder</b> {{ inputs.topic }}"))
    shown = editor.get(f"{pages}/history/").content.decode()
    assert "Bold one" in shown
    assert str(bob) in shown
    assert "<b>Bolder</b>" not in shown
    assert "Go back to this" in editor.get(f"{pages}/states/{state.pk}/").content.decode()
    assert visit("acme", "viewer").post(f"{pages}/states/{state.pk}/restore/").status_code == 403
    assert editor.post(f"{pages}/states/{state.pk}/restore/").status_code == 302
    assert flow.versions.get(number=0).definition == state.definition
    assert editor.post(f"{pages}/states/{state.pk}/forget/").status_code == 302
    assert visit("globex", "owner").get(f"{pages}/history/").status_code == 404
