"""What is kept for a person comes to mind in that person's runs, and in nobody else's unless it was shared on purpose."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from agents.actions.memories import (
    MOST_OF_A_PERSON,
    NobodysMemory,
    create_memory,
    delete_memory,
    forget_faint,
    keep,
    update_memory,
)
from agents.memory.mind import Mind
from agents.memory.recall import recall
from agents.models import Memory
from nexod.kernel.errors import InvalidInput, PermissionDenied
from tenants.context import enter_tenant
from tests.workbench import Bench

COFFEE, TEA = "She drinks coffee without sugar.", "He drinks green tea in the morning."


def texts(mind: Mind, query: str = "What does the person drink?") -> list[str]:
    return [one.memory.text for one in recall(mind, query)]


@pytest.fixture
def people(acme: Any, person: Any) -> Any:
    """Return an editor and a viewer of acme, in acme."""
    editor, viewer = person("acme", "editor"), person("acme", "viewer")
    with enter_tenant(acme):
        yield editor, viewer


def test_a_memory_is_its_persons_alone_until_it_is_shared(people: Any) -> None:
    editor, viewer = people
    kept = keep(Mind(editor.pk), COFFEE)
    assert texts(Mind(editor.pk)) == [COFFEE]
    assert texts(Mind(viewer.pk)) == texts(Mind()) == []
    update_memory(actor=editor, memory=kept, is_shared=True)
    assert texts(Mind(viewer.pk)) == texts(Mind()) == [COFFEE]


def test_what_one_persons_runs_told_an_agent_it_does_not_tell_another(people: Any) -> None:
    editor, viewer = people
    keep(Mind(editor.pk, "writer", "briefing"), COFFEE, scope="agent")
    keep(Mind(editor.pk, "writer", "briefing"), TEA, scope="workflow")
    assert sorted(texts(Mind(editor.pk, "writer", "briefing"))) == [TEA, COFFEE]
    assert texts(Mind(editor.pk, "writer", "triage")) == [COFFEE]
    assert texts(Mind(editor.pk, "finder", "briefing")) == [TEA]
    assert texts(Mind(editor.pk, "finder")) == texts(Mind(viewer.pk, "writer", "briefing")) == []


def test_nothing_is_recalled_or_seen_in_the_other_tenant(people: Any, globex: Any, person: Any) -> None:
    editor, _ = people
    update_memory(actor=editor, memory=keep(Mind(editor.pk), COFFEE), is_shared=True)
    owner = person("globex", "owner")
    with enter_tenant(globex):
        assert texts(Mind(owner.pk)) == texts(Mind(editor.pk)) == []
        assert not Memory.objects.exists()


def test_what_replaces_a_shared_memory_is_not_shared_with_it(people: Any) -> None:
    """The person shared those words; others that a run keeps later, of whatever topic or key, they have not seen yet."""
    editor, viewer = people
    for how in ({"topic": "drinks"}, {"key": "drinks", "value": {"n": 1}}):
        update_memory(actor=editor, memory=keep(Mind(editor.pk), COFFEE, **how), is_shared=True)
        newer = keep(Mind(editor.pk), TEA, **how)
        assert (newer.is_shared, newer.former.count()) == (False, 1)
        assert texts(Mind(viewer.pk)) == []
        assert texts(Mind(editor.pk)) == [TEA]
        delete_memory(actor=editor, memory=newer)


def test_nobody_shares_or_changes_what_is_somebody_elses(people: Any, person: Any, acme: Any) -> None:
    editor, viewer = people
    kept = keep(Mind(editor.pk), COFFEE)
    with pytest.raises(PermissionDenied):
        update_memory(actor=viewer, memory=kept, text=TEA)
    with pytest.raises(PermissionDenied):
        delete_memory(actor=viewer, memory=kept)
    owner = person("acme", "owner")
    with pytest.raises(PermissionDenied, match="share"):
        update_memory(actor=owner, memory=kept, is_shared=True)
    assert update_memory(actor=owner, memory=kept, text=TEA).text == TEA
    assert texts(Mind(editor.pk)) == [TEA]


def test_a_run_for_nobody_keeps_nothing(people: Any) -> None:
    with pytest.raises(NobodysMemory):
        keep(Mind(), COFFEE)


def test_the_same_is_kept_once_and_a_newer_one_of_its_topic_replaces_it(people: Any) -> None:
    mind = Mind(people[0].pk)
    first = keep(mind, COFFEE, importance=0.2)
    assert keep(mind, f"  {COFFEE.upper()}\n", importance=0.9) == first
    assert Memory.objects.get().importance == 0.9
    blue = keep(mind, "Blue.", topic="Favourite colour")
    red = keep(mind, "Red.", topic="favourite  colour")
    blue.refresh_from_db()
    assert (blue.superseded_by, red.superseded_at) == (red, None)
    assert texts(mind, "favourite colour")[0] == "Red."
    assert "Blue." not in texts(mind, "favourite colour")


def test_what_says_more_replaces_what_says_less_but_never_what_names_somebody_else(people: Any) -> None:
    mind = Mind(people[0].pk)
    keep(mind, "Ada's birthday is on the second of May.")
    keep(mind, "Bob's birthday is on the second of May.")
    assert Memory.objects.alive().count() == 2
    keep(mind, "Ada's birthday is on the second of May!")
    assert Memory.objects.alive().count() == 2


def test_recency_and_importance_count_beside_likeness(people: Any) -> None:
    mind = Mind(people[0].pk)
    old = keep(mind, "The report goes to the board on Mondays.")
    keep(mind, "The report goes to the board on Fridays.", importance=0.9)
    Memory.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=200))
    first, second = recall(mind, "When does the report go to the board?")
    assert "Fridays" in first.memory.text
    assert (first.recency, second.recency) == (pytest.approx(1, abs=0.01), pytest.approx(0.5 ** (200 / 30), abs=0.01))
    old.refresh_from_db()
    assert (old.recalls, old.recalled_at is not None) == (1, True)


def test_what_fades_is_forgotten_and_what_is_kept_on_purpose_stays(people: Any) -> None:
    mind, long_ago = Mind(people[0].pk), timezone.now() - timedelta(days=400)
    faint, kept, fresh = (keep(mind, text) for text in (COFFEE, TEA, "Meetings are at nine."))
    Memory.objects.filter(pk__in=[faint.pk, kept.pk]).update(created_at=long_ago)
    update_memory(actor=people[0], memory=kept, is_kept=True)
    old = keep(mind, "Blue.", topic="colour")
    red = keep(mind, "Red.", topic="colour")
    Memory.objects.filter(pk=old.pk).update(superseded_at=long_ago)
    assert forget_faint() == (1, 1)
    assert set(Memory.objects.values_list("pk", flat=True)) == {kept.pk, fresh.pk, red.pk}
    call_command("forget_memories")


def test_to_erase_one_erases_what_it_replaced(people: Any) -> None:
    editor, _ = people
    for colour in ("Blue.", "Red.", "Green."):
        last = keep(Mind(editor.pk), colour, topic="colour")
    assert Memory.objects.count() == 3
    delete_memory(actor=editor, memory=last)
    assert not Memory.objects.exists()


def test_a_person_has_so_many_and_the_faintest_makes_room(people: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.actions.memories.MOST_OF_A_PERSON", 3)
    mind = Mind(people[0].pk)
    faint = keep(mind, "Number 0 is of no interest.", importance=0.01)
    for number in range(1, 4):
        keep(mind, f"Number {number} matters a lot: {'x' * number}", importance=0.9)
    assert Memory.objects.count() == 3 < MOST_OF_A_PERSON
    assert not Memory.objects.filter(pk=faint.pk).exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"text": " "}, "text"), ({"text": "x" * 4_001}, "text"), ({"text": "x", "importance": 2}, "importance"),
        ({"text": "x", "scope": "agent"}, "agent"), ({"text": "x", "scope": "workflow"}, "workflow"),
        ({"text": "x", "scope": "world"}, "scope"), ({"text": "x", "topic": "y" * 121}, "topic"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_names_its_field(people: Any, fields: dict[str, Any], field: str) -> None:
    from django.core.exceptions import ValidationError

    with pytest.raises((InvalidInput, ValidationError)) as refused:
        create_memory(actor=people[0], **fields)
    assert field in str(getattr(refused.value, "details", None) or refused.value.message_dict)  # type: ignore[attr-defined]


def test_what_is_kept_at_once_by_many_is_kept_once(bench: Bench) -> None:
    editor, gate = bench.user("editor"), threading.Barrier(6)

    def work() -> None:
        try:
            with bench.inside():
                gate.wait(60)
                keep(Mind(editor.pk), COFFEE)
                keep(Mind(editor.pk), "Red.", topic="colour")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as threads:
        for done in [threads.submit(work) for _ in range(6)]:
            done.result(30)
    with bench.inside():
        assert sorted(Memory.objects.alive().values_list("text", flat=True)) == ["Red.", COFFEE]
