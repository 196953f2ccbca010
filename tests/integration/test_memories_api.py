"""Memories over the API and in the admin: people see their own and what is shared, and take out what shall not be kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.urls import reverse

from agents.actions.memories import keep
from agents.memory.mind import Mind
from agents.models import Memory
from tenants.context import enter_tenant

FACT = "Reports are wanted in French."


@pytest.fixture
def kept(acme: Any, person: Any) -> Memory:
    with enter_tenant(acme):
        return keep(Mind(person("acme", "editor").pk), FACT, topic="language")


def ids(found: Any) -> list[str]:
    return [row["id"] for row in found["results"]]


def test_one_keeps_corrects_shares_and_erases_ones_own(program: Any, kept: Memory) -> None:
    viewer = program("acme", "viewer")
    made = viewer("post", "memories", {"text": "Likes short answers.", "topic": "style"})
    assert (made.status_code, made.json()["scope"], made.json()["is_shared"]) == (201, "user", False)
    own = f"memories/{made.json()['id']}"
    assert ids(viewer.get("memories")) == [made.json()["id"]]
    changed = viewer("patch", own, {"text": "Likes long answers.", "is_shared": True})
    assert (changed.status_code, changed.json()["text"]) == (200, "Likes long answers.")
    assert len(program("acme", "editor").get("memories")["results"]) == 2
    assert viewer("delete", own).status_code == 204
    assert viewer.get("memories")["results"] == []


def test_others_are_not_there_for_who_may_not_inspect(program: Any, kept: Memory) -> None:
    for role, count in (("viewer", 0), ("approver", 0), ("editor", 1), ("admin", 1), ("owner", 1)):
        assert len(program("acme", role).get("memories")["results"]) == count
    assert program("globex", "owner").get("memories")["results"] == []
    viewer = program("acme", "viewer")
    for method, body in (("get", None), ("patch", {"text": "x"}), ("delete", None)):
        assert viewer(method, f"memories/{kept.pk}", body).status_code == 404
    assert program("acme", "owner")("patch", f"memories/{kept.pk}", {"is_shared": True}).status_code == 403


def test_a_search_finds_by_meaning_and_says_why(program: Any, kept: Memory) -> None:
    [found] = program("acme", "editor").get("memories/search?q=which language do we write in")["results"]
    assert (found["memory"]["id"], found["memory"]["recalls"]) == (str(kept.pk), 0)
    assert 0 < found["similarity"] <= 1
    assert 0 < found["score"] <= 1
    assert program("acme", "viewer").get("memories/search?q=language")["results"] == []
    for query in ("", "q=", f"q={'x' * 501}", "q=x&limit=0", "q=x&limit=51", "q=x&limit=٣"):
        assert program("acme", "editor")("get", f"memories/search?{query}").status_code == 400


def test_a_list_needs_few_queries(program: Any, kept: Memory, acme: Any, django_assert_max_num_queries: Any) -> None:
    with enter_tenant(acme):
        for number in range(20):
            keep(Mind(kept.user_id), f"Number {number}", topic=f"number {number}")
    editor = program("acme", "editor")
    editor.get("memories")
    with django_assert_max_num_queries(6):
        assert len(editor.get("memories?limit=21")["results"]) == 21


def test_the_admin_lists_corrects_exports_and_erases(visit: Any, kept: Memory, acme: Any) -> None:
    editor, viewer = visit("acme", "editor"), visit("acme", "viewer")
    listed, page = reverse("admin:agents_memory_changelist"), reverse("admin:agents_memory_change", args=(kept.pk,))
    assert FACT in editor.get(listed).content.decode()
    assert FACT not in viewer.get(listed).content.decode()
    assert viewer.get(page).status_code == 404
    given = {"topic": "language", "text": "Reports are wanted in Dutch.", "importance": "0.8", "is_shared": "on"}
    assert editor.post(page, given).status_code == 302
    assert "Dutch" in viewer.get(listed).content.decode()
    file = editor.post(listed, {"action": "export_selected", "_selected_action": [str(kept.pk)]})
    [exported] = json.loads(file.content)["memories"]
    with enter_tenant(acme):
        assert (exported["text"], exported["user"]) == ("Reports are wanted in Dutch.", kept.user.email)
    assert viewer.post(reverse("admin:agents_memory_delete", args=(kept.pk,)), {"post": "yes"}).status_code == 403
    assert editor.post(reverse("admin:agents_memory_delete", args=(kept.pk,)), {"post": "yes"}).status_code == 302
    with enter_tenant(acme):
        assert not Memory.objects.exists()
