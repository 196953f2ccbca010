"""Comments: who says what where, who is told, and what nobody learns who may not see what it is about."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from collaboration.actions import comment_threads
from collaboration.actions.comment_texts import ThreadGone, delete_comment, edit_comment, react, reply
from collaboration.actions.comment_threads import open_thread, resolve_thread, visit_thread
from collaboration.models import Comment, CommentThread, Notification
from tenants.accounts.models import User
from tenants.context import enter_tenant
from tests.content import Content, fill
from workflows.models import Approval, Run, Step, Workflow


@pytest.fixture
def one(acme, person) -> Content:
    owner = person("acme", "owner")
    with enter_tenant(acme):
        content = fill(owner)
        CommentThread.objects.all().delete()
        return content


def body(content: Content, text: str = "Why so?", kind: str = "workflow", **anchor):
    subject = {"kind": kind, "id": str(getattr(content, kind).pk)}
    return {"subject": subject, "text": text, **({"anchor": anchor} if anchor else {})}


@pytest.fixture
def opened(program, one):
    """A thread of the editor's at the node ``greet``."""
    answer = program("acme", "editor")("post", "comments", body(one, part="node", node="greet"))
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_thread_is_opened_answered_resolved_and_reopened(program, one, opened):
    owner = program("acme", "owner")
    assert opened["subject"] == {"kind": "workflow", "id": str(one.workflow.pk), "name": one.workflow.name}
    assert (opened["anchor"]["node"], opened["anchor"]["place"]) == ("greet", "greet")
    assert [comment["text"] for comment in opened["comments"]] == ["Why so?"]
    answer = owner("post", f"comments/{opened['id']}/replies", {"text": "Because *yes*."})
    assert answer.status_code == 201
    assert answer.json()["html"].strip() == "<p>Because <em>yes</em>.</p>"
    thread = owner("post", f"comments/{opened['id']}/resolve").json()
    assert (thread["replies"], thread["resolved_by"]["email"]) == (2, "owner@acme.test")
    assert owner.get("comments?resolved=false")["results"] == []
    assert owner("post", f"comments/{opened['id']}/reopen").json()["resolved_at"] is None


def test_threads_are_found_by_what_they_are_about(program, one, opened):
    owner = program("acme", "owner")
    other = owner("post", "comments", body(one, kind="run", part="step", step=str(one.step.pk))).json()
    owner("post", "comments", body(one, kind="approval"))

    def found(query):
        return [row["id"] for row in owner.get(f"comments?{query}")["results"]]

    assert found(f"subject=run:{one.run.pk}") == found(f"step={one.step.pk}") == [other["id"]]
    assert found("node=greet") == found("kind=workflow") == [opened["id"]]
    assert found(f"author={opened['author']['id']}") == [opened["id"]]
    assert len(found("orphaned=false")) == 3
    assert owner("get", "comments?subject=run:no").status_code == 400


@pytest.mark.parametrize(
    ("kind", "anchor", "field"),
    [
        ("workflow", {"part": "node", "node": "nowhere"}, "node"),
        ("workflow", {"part": "text", "node": "greet", "field": "config.nothing", "quote": "Hello"}, "field"),
        ("workflow", {"part": "text", "node": "greet", "field": "config.template", "quote": "Goodbye"}, "quote"),
        ("workflow", {"part": "text", "node": "greet", "field": "config.template", "quote": "Hello", "start": "AA=="}, "start"),
        ("workflow", {"part": "step"}, "part"),
        ("run", {"part": "step", "step": "0190a0a0-0000-7000-8000-00000000feed"}, "step"),
        ("approval", {"part": "node", "node": "greet"}, "part"),
    ],
)  # fmt: skip
def test_a_place_that_is_none_is_refused_at_its_field(program, one, kind, anchor, field):
    refused = program("acme", "owner")("post", "comments", body(one, kind=kind, **anchor))
    assert refused.status_code == 400, refused.content
    assert {problem["field"] for problem in refused.json()["error"]["details"]} == {field}


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001, "a\0b"])
def test_a_comment_has_words_and_not_too_many(program, one, text):
    assert program("acme", "owner")("post", "comments", body(one, text)).status_code == 400


def test_who_only_looks_on_says_nothing(program, one, opened):
    viewer = program("acme", "viewer")
    assert viewer.get("comments")["results"][0]["id"] == opened["id"]
    place = f"comments/{opened['id']}"
    said = f"{place}/replies/{opened['comments'][0]['id']}"
    for method, path, sent in (
        ("post", "comments", body(one)),
        ("post", f"{place}/replies", {"text": "Me, too"}),
        ("post", f"{place}/resolve", {}),
        ("post", f"{said}/reactions", {"sign": "👍"}),
        ("patch", said, {"text": "No"}),
        ("delete", said, None),
        ("get", "comments/mentionable", None),
    ):
        assert viewer(method, path, sent).status_code == 403, path
    assert viewer("post", f"{place}/seen").status_code == 200


@pytest.mark.parametrize(("kind", "permission"), [("workflow", "view_workflow"), ("run", "view_run")])
def test_nobody_sees_threads_of_what_they_may_not_see(program, acme, one, person, kind, permission):
    thread = program("acme", "owner")("post", "comments", body(one, "@viewer@acme.test look", kind=kind)).json()
    viewer = person("acme", "viewer")
    with enter_tenant(acme):
        assert Notification.objects.filter(user=viewer, kind="mention").count() == 1
        take(viewer, permission)
    client = program("acme", "viewer")
    assert client.get("comments")["results"] == []
    assert client("get", f"comments/{thread['id']}").status_code == 404
    assert client("get", f"comments/{thread['id']}/replies/{thread['comments'][0]['id']}").status_code == 404
    again = program("acme", "owner")("post", f"comments/{thread['id']}/replies", {"text": "@viewer@acme.test now?"})
    assert again.json()["mentions"] == []
    with enter_tenant(acme):
        assert Notification.objects.filter(user=viewer).exclude(kind="approval.requested").count() == 1


def take(user: User, codename: str) -> None:
    """Leave the user everything that a viewer may but this."""
    kept = Permission.objects.filter(group__in=user.groups.all()).exclude(codename=codename).distinct()
    user.user_permissions.set(list(kept))
    user.groups.clear()


def test_only_the_author_edits_and_the_former_words_can_be_read(program, one, opened):
    said = f"comments/{opened['id']}/replies/{opened['comments'][0]['id']}"
    assert program("acme", "owner")("patch", said, {"text": "Mine now"}).status_code == 403
    editor = program("acme", "editor")
    assert editor("patch", said, {"text": "Why, really?"}).json()["edited_at"]
    assert [row["text"] for row in program("acme", "viewer").get(f"{said}/edits")["results"]] == ["Why so?"]


def test_a_deleted_comment_leaves_its_place_and_nothing_else(program, acme, one, opened):
    said = f"comments/{opened['id']}/replies/{opened['comments'][0]['id']}"
    editor = program("acme", "editor")
    editor("patch", said, {"text": "Secret"})
    editor("post", f"{said}/reactions", {"sign": "👍"})
    assert program("acme", "approver")("delete", said).status_code == 403
    assert program("acme", "admin")("delete", said).status_code == 204
    shown = editor.get(said)
    assert (shown["text"], shown["html"], shown["reactions"], editor.get(f"{said}/edits")["results"]) == (
        "",
        "",
        [],
        [],
    )
    assert shown["deleted_at"]
    assert editor("patch", said, {"text": "Back"}).status_code == 409
    assert editor("post", f"{said}/reactions", {"sign": "👍"}).status_code == 409
    with enter_tenant(acme):
        assert str(Comment.objects.get().deleted_by) == "Admin Person"


def test_a_moderator_who_may_not_write_deletes_and_does_nothing_else(program, acme, globex, one, opened, person):
    said = f"comments/{opened['id']}/replies/{opened['comments'][0]['id']}"
    with enter_tenant(acme):
        take(person("acme", "admin"), "write_comment")
    moderator = program("acme", "admin")
    for method, path, sent in (("patch", said, {"text": "Mine"}), ("post", f"{said}/reactions", {"sign": "👍"})):
        assert moderator(method, path, sent).status_code == 403
    assert program("globex", "admin")("delete", said).status_code == 404
    assert moderator("delete", said).status_code == 204
    with enter_tenant(acme):
        assert str(Comment.objects.get().deleted_by) == "Admin Person"


def test_who_may_not_write_any_more_does_not_take_back_what_they_said(program, acme, one, opened, person):
    said = f"comments/{opened['id']}/replies/{opened['comments'][0]['id']}"
    with enter_tenant(acme):
        take(person("acme", "editor"), "write_comment")
    assert program("acme", "editor")("delete", said).status_code == 403


def test_a_sign_is_given_once_and_taken_back(program, one, opened):
    said = f"comments/{opened['id']}/replies/{opened['comments'][0]['id']}/reactions"
    for role in ("owner", "owner", "approver"):
        shown = program("acme", role)("post", said, {"sign": "🎉"}).json()
    assert [(one["sign"], [person["name"] for person in one["people"]]) for one in shown["reactions"]] == [
        ("🎉", ["Olive Owner", "Approver Person"])
    ]
    taken = program("acme", "owner")("post", said, {"sign": "🎉", "on": False}).json()
    assert [person["name"] for person in taken["reactions"][0]["people"]] == ["Approver Person"]
    assert program("acme", "owner")("post", said, {"sign": "💣"}).status_code == 400


def told(tenant, kind):
    with enter_tenant(tenant):
        rows = Notification.objects.filter(kind=kind).order_by("user__email")
        return list(rows.values_list("user__email", "title"))


def test_who_is_mentioned_is_told_so_and_who_takes_part_is_told_of_answers(program, acme, globex, one):
    editor, approver = program("acme", "editor"), program("acme", "approver")
    text = "@APPROVER@acme.test and @nobody@acme.test, @owner@globex.test: look"
    thread = editor("post", "comments", body(one, text)).json()
    assert [person["email"] for person in thread["comments"][0]["mentions"]] == ["approver@acme.test"]
    name = one.workflow.name
    assert told(acme, "mention") == [("approver@acme.test", f"Editor Person mentioned you on {name}")]
    assert told(acme, "comment") == [("owner@acme.test", f"Editor Person commented on {name}")]
    approver("post", f"comments/{thread['id']}/replies", {"text": "Seen"})
    assert told(acme, "comment")[0] == ("editor@acme.test", f"Approver Person replied on {name}")
    assert told(globex, "mention") == told(globex, "comment") == []
    with enter_tenant(acme):
        url = Notification.objects.filter(kind="mention").get().url
    assert url == f"/admin/workflows/workflow/{one.workflow.pk}/change/?thread={thread['id']}"


def test_an_edit_tells_only_whom_it_mentions_anew(program, acme, one):
    editor = program("acme", "editor")
    thread = editor("post", "comments", body(one, "@owner@acme.test hi")).json()
    said = f"comments/{thread['id']}/replies/{thread['comments'][0]['id']}"
    editor("patch", said, {"text": "@owner@acme.test and @admin@acme.test hi"})
    editor("patch", said, {"text": "@owner@acme.test and @admin@acme.test hi!"})
    assert [email for email, _ in told(acme, "mention")] == ["admin@acme.test", "owner@acme.test"]


def test_who_is_mentioned_again_in_one_comment_is_told_once(program, acme, globex, one):
    editor = program("acme", "editor")
    thread = editor("post", "comments", body(one, "@owner@acme.test, @OWNER@acme.test")).json()
    said = f"comments/{thread['id']}/replies/{thread['comments'][0]['id']}"
    for text in ("nobody", "@owner@acme.test after all", "@owner@acme.test"):
        assert editor("patch", said, {"text": text}).status_code == 200
    assert [email for email, _ in told(acme, "mention")] == ["owner@acme.test"]
    assert [row["text"] for row in editor.get(f"{said}/edits")["results"]] == [
        "@owner@acme.test, @OWNER@acme.test",
        "nobody",
        "@owner@acme.test after all",
    ]
    editor("post", f"comments/{thread['id']}/replies", {"text": "@owner@acme.test once more"})
    assert [email for email, _ in told(acme, "mention")] == ["owner@acme.test"] * 2, (
        "another comment is another mention"
    )
    assert told(globex, "mention") == []


def test_only_who_may_comment_resolves_and_twice_is_once(program, acme, one, opened):
    place = f"comments/{opened['id']}"
    assert program("acme", "viewer")("post", f"{place}/reopen").status_code == 403
    assert program("globex", "owner")("post", f"{place}/resolve").status_code == 404
    first = program("acme", "approver")("post", f"{place}/resolve").json()
    again = program("acme", "owner")("post", f"{place}/resolve").json()
    assert (again["resolved_at"], again["resolved_by"]["email"]) == (first["resolved_at"], "approver@acme.test")
    assert program("acme", "owner").get("comments?resolved=true")["results"][0]["id"] == opened["id"]


def test_what_was_deleted_a_moment_ago_is_said_to_be_gone(acme, person, one):
    with enter_tenant(acme):
        editor = person("acme", "editor")
        thread = open_thread(actor=editor, kind="workflow", id_=one.workflow.pk, text="Words")
        comment = thread.comments.get()
        CommentThread.objects.filter(pk=thread.pk).delete()
        for work in (
            lambda: reply(actor=editor, thread=thread, text="x"),
            lambda: edit_comment(actor=editor, comment=comment, text="x"),
            lambda: delete_comment(actor=editor, comment=comment),
            lambda: react(actor=editor, comment=comment, sign="👍"),
            lambda: visit_thread(actor=editor, thread=thread),
            lambda: resolve_thread(actor=editor, thread=thread),
        ):
            with pytest.raises(ThreadGone):
                work()


def test_there_are_no_more_threads_about_one_thing_than_are_looked_through(program, one, opened, monkeypatch):
    monkeypatch.setattr(comment_threads, "MOST_THREADS", 1)
    refused = program("acme", "editor")("post", "comments", body(one))
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "threads_full")
    assert program("acme", "editor")("post", "comments", body(one, kind="run")).status_code == 201


def test_markdown_cannot_do_anything(program, one):
    text = "<script>alert(1)</script> [x](javascript:alert(1)) ![i](https://x.test/i.png) @owner@acme.test"
    html = program("acme", "editor")("post", "comments", body(one, text)).json()["comments"][0]["html"]
    assert "<script" not in html
    assert "javascript:" not in html.replace("[x](javascript:alert(1))", "")
    assert "<img" not in html
    assert "<strong>@Olive Owner</strong>" in html


def test_what_others_wrote_is_new_until_it_is_read(program, one, opened):
    owner, editor = program("acme", "owner"), program("acme", "editor")
    assert (owner.get("comments")["results"][0]["is_unread"], editor.get("comments")["results"][0]["is_unread"]) == (
        True,
        False,
    )
    assert owner("post", f"comments/{opened['id']}/seen").json()["is_unread"] is False
    assert owner.get("comments?unread=true")["results"] == []
    editor("post", f"comments/{opened['id']}/replies", {"text": "And?"})
    assert [row["id"] for row in owner.get("comments?unread=true")["results"]] == [opened["id"]]


def test_people_are_offered_who_may_see_it(program, acme, one, person):
    with enter_tenant(acme):
        take(person("acme", "viewer"), "view_run")
    editor = program("acme", "editor")
    emails = [one["email"] for one in editor.get(f"comments/mentionable?subject=run:{one.run.pk}&q=acme")["people"]]
    assert emails == ["admin@acme.test", "approver@acme.test", "editor@acme.test", "owner@acme.test"]
    assert [
        p["email"] for p in editor.get(f"comments/mentionable?subject=workflow:{one.workflow.pk}&q=VIEW")["people"]
    ] == ["viewer@acme.test"]
    assert editor("get", "comments/mentionable?subject=run:0190a0a0-0000-7000-8000-00000000feed").status_code == 404


def test_a_list_shows_the_newest_of_a_long_thread_and_the_thread_all(program, one, opened):
    editor = program("acme", "editor")
    for number in range(12):
        editor("post", f"comments/{opened['id']}/replies", {"text": f"No. {number}"})
    [listed] = editor.get("comments")["results"]
    assert [comment["text"] for comment in listed["comments"]] == [f"No. {number}" for number in range(2, 12)]
    assert listed["replies"] == 13
    assert len(editor.get(f"comments/{opened['id']}")["comments"]) == 13


def test_too_many_comments_are_refused_for_a_while(program, one, opened, settings):
    settings.NEXOD_REQUESTS_PER_MINUTE = {"comments": 2}
    editor = program("acme", "editor")
    codes = [editor("post", f"comments/{opened['id']}/replies", {"text": "x"}).status_code for _ in range(3)]
    assert codes[-1] == 429


def test_threads_go_with_what_they_are_about(program, acme, one, opened):
    program("acme", "owner")("post", "comments", body(one, kind="run"))
    with enter_tenant(acme):
        Run.objects.filter(pk=one.run.pk).delete()
        assert list(CommentThread.objects.values_list("kind", flat=True)) == ["workflow"]
        Workflow.objects.filter(pk=one.workflow.pk).update(published=None)
        Workflow.objects.get(pk=one.workflow.pk).delete()
        assert not CommentThread.objects.exists()


def test_another_tenant_has_neither_thread_nor_subject(program, one, opened):
    other = program("globex", "owner")
    assert other.get("comments")["results"] == []
    assert other("get", f"comments/{opened['id']}").status_code == 404
    assert other("post", "comments", body(one)).status_code == 404


@pytest.mark.parametrize("role", ["owner", "approver", "viewer"])
def test_a_thread_at_a_step_is_read_by_who_may_see_steps(program, acme, one, person, role):
    thread = program("acme", "editor")(
        "post", "comments", body(one, kind="run", part="step", step=str(one.step.pk))
    ).json()
    assert program("acme", role)("get", f"comments/{thread['id']}").status_code == 200
    with enter_tenant(acme):
        reader = person("acme", role)
        take(reader, "view_step")
    assert program("acme", role)("get", f"comments/{thread['id']}").status_code == 404


def test_who_may_not_see_steps_is_neither_mentioned_nor_told_at_one(program, acme, one, person):
    with enter_tenant(acme):
        take(person("acme", "viewer"), "view_step")
    said = body(one, "@viewer@acme.test look", kind="run", part="step", step=str(one.step.pk))
    thread = program("acme", "editor")("post", "comments", said).json()
    assert thread["comments"][0]["mentions"] == []
    assert told(acme, "mention") == []
    whole = program("acme", "editor")("post", "comments", body(one, "@viewer@acme.test look", kind="run")).json()
    assert [person["email"] for person in whole["comments"][0]["mentions"]] == ["viewer@acme.test"]


@pytest.mark.parametrize(
    ("kind", "gone"), [("workflow", Workflow), ("run", Run), ("run", Step), ("approval", Approval)]
)
def test_about_what_is_deleted_at_that_moment_nothing_is_kept(program, acme, one, monkeypatch, kind, gone):
    at = {"part": "step", "step": str(one.step.pk)} if gone is Step else {}
    write = program("acme", "owner")
    save = CommentThread.save

    def save_late(thread, *given, **named):
        gone.objects.filter(pk=getattr(one, gone.__name__.lower()).pk).delete()
        save(thread, *given, **named)

    monkeypatch.setattr(CommentThread, "save", save_late)
    answer = write("post", "comments", body(one, kind=kind, **at))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "subject_unknown")
    with enter_tenant(acme):
        assert not CommentThread.objects.exists()
        assert not Comment.objects.exists()
