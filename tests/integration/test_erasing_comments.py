"""What a person said is taken along and erased: in their own comments, in those of others, in inboxes and in the feed."""

from __future__ import annotations

import json

import pytest
from django.contrib.admin.models import LogEntry

from collaboration.actions.erasing import erase_comments
from collaboration.models import Activity, Comment, CommentEdit, CommentThread, Notification, Reaction, ThreadVisit
from nexod.kernel.errors import PermissionDenied
from tenants.accounts.models import User
from tenants.context import enter_tenant
from tests.content import fill
from tests.integration.test_comments import take

TEXT = "My secret opinion"
ADDRESS = "editor@{}.test"


def talk(program, slug: str, workflow) -> str:
    """Let the editor say, edit, react and be mentioned, and return the thread's id."""
    editor, owner = program(slug, "editor"), program(slug, "owner")
    about = {"kind": "workflow", "id": str(workflow.pk)}
    thread = editor("post", "comments", {"subject": about, "text": "Former words @owner@" + slug + ".test"}).json()
    path = f"comments/{thread['id']}"
    own = thread["comments"][0]["id"]
    assert editor("patch", f"{path}/replies/{own}", {"text": TEXT}).status_code == 200
    said = owner("post", f"{path}/replies", {"text": f"As @{ADDRESS.format(slug)} says"}).json()["id"]
    edited = f"Ask {ADDRESS.format(slug).title()}, not joe{ADDRESS.format(slug)}."
    assert owner("patch", f"{path}/replies/{said}", {"text": edited}).status_code == 200
    assert editor("post", f"{path}/replies/{said}/reactions", {"sign": "👍", "on": True}).status_code == 200
    assert owner("post", f"{path}/replies/{own}/reactions", {"sign": "🎉", "on": True}).status_code == 200
    assert editor("post", f"{path}/seen").status_code == 200
    assert editor("post", f"{path}/resolve").status_code == 200
    return str(thread["id"])


@pytest.fixture
def threads(program, acme, globex, person) -> dict[str, str]:
    """The same conversation in both organisations."""
    found = {}
    for tenant in (acme, globex):
        owner = person(tenant.slug, "owner")
        with enter_tenant(tenant):
            content = fill(owner)
            CommentThread.objects.all().delete()
            Notification.objects.all().delete()
            Activity.objects.all().delete()
        found[tenant.slug] = talk(program, tenant.slug, content.workflow)
    return found


def everything(tenant, slug: str) -> str:
    """Return all words about comments that the tenant keeps."""
    with enter_tenant(tenant):
        editor = User.objects.get(email=ADDRESS.format(slug))
        rows = [
            *Comment.objects.values_list("text", "mentions", "author", "deleted_by"),
            *CommentEdit.objects.values_list("text"),
            *CommentThread.objects.values_list("author", "resolved_by"),
            *Reaction.objects.values_list("user", "sign"),
            *ThreadVisit.objects.values_list("user"),
            *Notification.objects.exclude(user=editor).values_list("title"),
            *Activity.objects.values_list("actor", "title", "facts"),
        ]
    return str(rows)


def test_nothing_of_the_person_stays_and_the_other_organisation_keeps_all(acme, globex, person, threads):
    untouched = everything(globex, "globex")
    admin, editor = person("acme", "admin"), person("acme", "editor")
    before = everything(acme, "acme")
    for word in (TEXT, str(editor.pk), "Former words", "Editor Person"):
        assert word in before
    with enter_tenant(acme):
        erased = erase_comments(actor=admin, user=editor)
        own, other = Comment.objects.order_by("created_at")
        assert (own.text, own.author, own.deleted_at is not None) == ("", None, True)
        assert other.text == "Ask somebody who left, not joeeditor@acme.test."
        assert [edit.text for edit in other.edits.all()] == ["As somebody who left says"]
        assert other.author == person("acme", "owner")
        again = erase_comments(actor=admin, user=editor)
    assert (erased.comments, erased.mentions, erased.reactions) == (1, 1, 1)
    assert (again.comments, again.mentions, again.reactions) == (0, 0, 0)
    after = everything(acme, "acme").replace("joeeditor@acme.test", "")
    for word in (TEXT, str(editor.pk), "Former words", "Editor Person", "editor@acme.test"):
        assert word not in after
    assert "Somebody who left mentioned you on" in after
    assert everything(globex, "globex") == untouched
    assert TEXT in untouched


def test_others_read_a_place_without_words_and_a_feed_without_a_name(program, visit, acme, person, threads):
    with enter_tenant(acme):
        erase_comments(actor=person("acme", "owner"), user=person("acme", "editor"))
    owner = program("acme", "owner")
    thread = owner.get(f"comments/{threads['acme']}")
    assert (thread["author"], thread["resolved_by"], thread["comments"][0]["author"]) == (None, None, None)
    lines = owner.get("activity?verb=commented")["results"]
    assert [(line["actor"], line["facts"]["by"]) for line in lines] == [(None, "somebody who left")]
    page = visit("acme", "viewer").get("/admin/collaboration/activity/?verb=commented").content.decode()
    assert "Somebody who left" in page
    assert "Nexod</span> commented" not in page


def test_who_was_added_is_named_no_more(program, acme, person):
    program("acme", "owner")("post", "users", {"email": "new@acme.test", "role": "viewer"})
    with enter_tenant(acme):
        new = User.objects.get(email="new@acme.test")
        assert Activity.objects.get(subject_id=new.pk).title == "new@acme.test"
        erase_comments(actor=person("acme", "owner"), user=new)
        assert Activity.objects.get(subject_id=new.pk).title == "Somebody who left"


def test_an_admin_takes_it_along_as_a_file(visit, acme, person, threads):
    editor = person("acme", "editor")
    answer = visit("acme", "admin").get(f"/admin/accounts/user/{editor.pk}/comments/")
    assert answer["Content-Disposition"] == f'attachment; filename="comments-{editor.pk}.json"'
    found = json.loads(answer.content)
    assert found["format"] == "nexod.comments-of-person/1"
    assert found["person"]["email"] == "editor@acme.test"
    [comment] = found["comments"]
    assert (comment["text"], comment["thread"]) == (TEXT, threads["acme"])
    assert [edit["text"] for edit in comment["edits"]] == ["Former words @owner@acme.test"]
    assert [row["sign"] for row in found["reactions"]] == ["👍"]
    assert [row["thread"] for row in found["read"]] == [threads["acme"]]
    assert "Ask" not in answer.content.decode()
    assert "globex" not in answer.content.decode()


def test_people_take_along_their_own_and_nobody_elses(visit, person, threads):
    editor, viewer = person("acme", "editor"), person("acme", "viewer")
    path = "/admin/accounts/user/{}/comments/"
    assert len(visit("acme", "editor").get(path.format(editor.pk)).json()["comments"]) == 1
    assert visit("acme", "viewer").get(path.format(editor.pk)).status_code == 403
    assert visit("acme", "viewer").get(path.format(viewer.pk)).json()["comments"] == []


def test_what_an_admin_may_not_see_is_not_taken_along(visit, acme, person, threads):
    admin, editor = person("acme", "admin"), person("acme", "editor")
    with enter_tenant(acme):
        take(admin, "view_workflow")
    path = f"/admin/accounts/user/{editor.pk}/comments/"
    found = visit("acme", "admin").get(path).json()
    assert (found["comments"], found["reactions"], found["read"]) == ([], [], [])
    assert len(visit("acme", "editor").get(path).json()["comments"]) == 1


def test_an_admin_erases_by_the_button_on_the_persons_page(visit, acme, person, threads):
    editor, client = person("acme", "editor"), visit("acme", "admin")
    page = client.get(f"/admin/accounts/user/{editor.pk}/change/").content.decode()
    path = f"/admin/accounts/user/{editor.pk}/comments/erase/"
    assert f'action="{path}"' in page
    assert client.get(path).status_code == 405
    answer = client.post(path, follow=True)
    assert "1 comment has no words and no name any more." in answer.content.decode()
    with enter_tenant(acme):
        assert not Comment.objects.filter(text=TEXT).exists()
        assert LogEntry.objects.filter(object_id=str(editor.pk), change_message__contains="erased").exists()


@pytest.mark.parametrize(("role", "whose"), [("editor", "editor"), ("viewer", "editor"), ("admin", "owner")])
def test_who_may_not_is_refused(visit, acme, person, threads, role, whose):
    user = person("acme", whose)
    assert visit("acme", role).post(f"/admin/accounts/user/{user.pk}/comments/erase/").status_code == 403
    with enter_tenant(acme):
        with pytest.raises(PermissionDenied):
            erase_comments(actor=person("acme", role), user=user)
        assert Comment.objects.filter(text=TEXT).exists()


@pytest.mark.parametrize("permission", ["moderate_comment", "change_user"])
def test_either_permission_alone_is_not_enough(visit, acme, person, threads, permission):
    admin, editor = person("acme", "admin"), person("acme", "editor")
    with enter_tenant(acme):
        take(admin, permission)
    client = visit("acme", "admin")
    assert client.post(f"/admin/accounts/user/{editor.pk}/comments/erase/").status_code == 403
    assert "Erase their comments" not in client.get(f"/admin/accounts/user/{editor.pk}/change/").content.decode()
