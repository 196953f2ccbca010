"""One question to documents, runs and memories: each person finds what that person may look at."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from agents.actions.memories import keep
from agents.memory.mind import Mind
from agents.models import Document, KnowledgeBase
from tenants.context import enter_tenant
from tests.shelf import add
from workflows.actions.run_vectors import make_ready
from workflows.models import Run, RunVector

QUESTION = "search?q=how do sea tides come about"


def run(title: str, text: str, **fields: Any) -> Run:
    given = {"kind": "workflow", "definition": {}, "status": "completed", "finished_at": timezone.now(), **fields}
    return Run.objects.create(title=title, inputs={"topic": text}, outputs={"text": [text]}, **given)


@pytest.fixture
def filled(acme: Any, globex: Any, person: Any) -> Any:
    """Fill both tenants; return acme's document, run and memory about tides."""
    for tenant, slug in ((acme, "acme"), (globex, "globex")):
        user = person(slug, "editor")
        with enter_tenant(tenant):
            base = KnowledgeBase.objects.create(slug="sea", name="Sea")
            add(base, "Tides", f"The tides of the sea come from the moon's pull, says {slug}.")
            add(base, "Bread", "Bread is baked of flour, water and yeast.")
            found = (
                Document.objects.get(title="Tides"), run("Briefing", "Why the tides of the sea rise and fall"),
                keep(Mind(user.pk), "She wants to know how the tides of the sea come about."),
            )  # fmt: skip
            run("Invoice", "The sum of all invoices of March")
        if slug == "acme":
            ours = found
    return ours


def test_it_finds_what_is_meant_in_all_three(program: Any, filled: Any) -> None:
    document, about_tides, memory = filled
    found = program("acme", "editor").get(QUESTION)
    assert found["documents"][0]["document"] == str(document.pk)
    assert (found["documents"][0]["start"], "says acme" in found["documents"][0]["text"]) == (0, True)
    assert found["runs"][0]["run"]["id"] == str(about_tides.pk)
    assert found["runs"][0]["similarity"] > 0.3
    assert [one["memory"]["id"] for one in found["memories"]] == [str(memory.pk)]
    assert "globex" not in str(found)


def test_people_find_what_they_may_look_at(program: Any, filled: Any, acme: Any) -> None:
    with enter_tenant(acme):
        Document.objects.filter(title="Tides").update(visibility="restricted")
    viewer = program("acme", "viewer").get(QUESTION)
    assert "Tides" not in [one["title"] for one in viewer["documents"]]
    assert viewer["memories"] == []
    assert "Tides" in [one["title"] for one in program("acme", "owner").get(QUESTION)["documents"]]


def test_kinds_and_limits(program: Any, filled: Any) -> None:
    editor = program("acme", "editor")
    found = editor.get(f"{QUESTION}&kinds=runs&limit=1")
    assert (found["documents"], len(found["runs"]), found["memories"]) == (None, 1, None)
    for bad in ("search", "search?q=%20", f"search?q={'x' * 501}", f"{QUESTION}&kinds=shoes", f"{QUESTION}&limit=0",
                f"{QUESTION}&limit=26", f"{QUESTION}&limit=x"):  # fmt: skip
        assert editor("get", bad).status_code == 400, bad


def test_a_run_that_ended_anew_is_found_by_what_it_gave_then(filled: Any, acme: Any) -> None:
    with enter_tenant(acme):
        assert make_ready() == 2
        assert make_ready() == 0
        [first] = Run.objects.filter(title="Invoice")
        Run.objects.filter(pk=first.pk).update(outputs={"text": "Whales sing"}, finished_at=timezone.now())
        before = list(RunVector.objects.get(pk=first.pk).embedding)
        assert make_ready() == 1
        assert list(RunVector.objects.get(pk=first.pk).embedding) != before
        run("At work", "x", status="running", finished_at=None)
        run("A try", "x", is_try=True)
        assert make_ready() == 0
        first.delete()
        assert RunVector.objects.count() == 1


def test_the_page_leads_to_each_place(visit: Any, filled: Any) -> None:
    editor, page = visit("acme", "editor"), reverse("admin:find")
    document, about_tides, memory = filled
    shown = editor.get(page, {"q": "tides of the sea"}).content.decode()
    text = reverse("admin:document_text", args=(document.pk,))
    assert f"{text}?start=0&end=" in shown
    assert editor.get(f"{text}?start=0&end=20").status_code == 200
    for name, row in (("workflows_run", about_tides), ("agents_memory", memory)):
        assert reverse(f"admin:{name}_change", args=(row.pk,)) in shown
    assert "Finds documents" in editor.get(page).content.decode()
    assert "Ask in at most" in editor.get(page, {"q": "x" * 501}).content.decode()
    assert "&lt;script&gt;" in editor.get(page, {"q": "<script>"}).content.decode()
