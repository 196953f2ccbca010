"""Who changed what of an agent: as those who wrote it together are told, all else by who saved it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from agents.differences import changes, who_changed


class Person(SimpleNamespace):
    """Somebody with an id and a name."""

    def __str__(self) -> str:
        return str(self.name)


ANN: Any = Person(pk=1, name="Ann")
BOB = {"id": "2", "name": "Bob"}


def test_what_was_written_together_is_its_writers_and_the_rest_its_savers():
    before, after = {"goal": "a", "role": "r", "options": {}}, {"goal": "b", "role": "s", "options": {"top_p": 1}}
    written = [{"field": "options", "by": [BOB]}, {"field": "goal", "by": []}]
    saver = [{"id": "1", "name": "Ann"}]
    assert who_changed(before, after, written, ANN) == [
        {"field": "role", "by": saver},
        {"field": "goal", "by": saver},
        {"field": "options", "by": [BOB]},
    ]


def test_what_is_stored_as_it_was_is_nobodys_change():
    assert who_changed({"tools": []}, {"tools": []}, [{"field": "tools", "by": [BOB]}], ANN) == []


def test_nobody_in_particular_changed_it():
    assert who_changed({"role": "r"}, {"role": "s"}, [], None) == [{"field": "role", "by": []}]


def test_what_is_empty_is_told_by_no_line():
    empty = {"goal": "", "tools": [], "options": {}, "temperature": None}
    full = {"goal": "g", "tools": ["search"], "options": {"top_p": 1}, "temperature": 0}
    first = {change.field: change.lines for change in changes({}, empty)}
    assert first.keys() >= {"goal", "tools", "options"}
    assert set(first.values()) == {()}
    filled = {change.field: change.lines for change in changes(empty, full)}
    assert filled["temperature"] == (("new", "0"),)
    assert {mark for lines in filled.values() for mark, _ in lines} == {"new"}
    emptied = {change.field: change.lines for change in changes(full, empty)}
    assert emptied["tools"] == (("gone", "["), ("gone", '  "search"'), ("gone", "]"))
    assert {mark for lines in emptied.values() for mark, _ in lines} == {"gone"}
