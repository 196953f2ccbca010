"""Shared settings read as content whatever is in them, and whatever two people do to them at once."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text

from agents.settings.kinds import Kind
from agents.settings.of_agents import AGENT
from agents.settings.of_crews import CREW
from agents.settings.of_knowledge import KNOWLEDGE
from collaboration.crdt.settings.shape import ROOT, apply, content_of, seed
from collaboration.crdt.shape.normal import plain
from nexod.kernel.errors import InvalidInput

Json = dict[str, Any]
KINDS = [AGENT, CREW, KNOWLEDGE]
words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-(2**40), 2**40), words)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=6
)


@st.composite
def contents(draw: Any, kind: Kind) -> Json:
    """All fields with any values; texts are texts, parts objects, and rows have slugs that differ."""
    found: Json = {}
    for name in kind.fields:
        wanted = words if name in kind.texts else values
        found[name] = draw(st.dictionaries(words, values, max_size=3) if name in kind.parts else wanted)
    if kind.rows:
        slugs = draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=4))
        found[kind.rows] = [_row(draw, kind, slug) for slug in slugs]
    return found


def _row(draw: Any, kind: Kind, slug: str) -> Json:
    return {name: draw(words if name in kind.row_texts else values) for name in kind.row_fields} | {"slug": slug}


def opened(kind: Kind, content: Json) -> Doc[Any]:
    doc: Doc[Any] = Doc(client_id=1)
    seed(doc, kind, content)
    return doc


def copy_of(doc: Doc[Any], client: int) -> Doc[Any]:
    copy: Doc[Any] = Doc(client_id=client)
    copy.apply_update(doc.get_update())
    return copy


def shared(value: Any, how: str) -> Any:
    """The value as a client may write it: plain, or as a shared type."""
    if how == "shared" and isinstance(value, str):
        return Text(value)
    if how == "shared" and isinstance(value, dict):
        return Map(value)
    return Array(value) if how == "shared" and isinstance(value, list) else value


@st.composite
def edits(draw: Any, kind: Kind) -> list[tuple[Any, ...]]:
    """What a client does: any value at any place, whether it makes sense or not."""
    how, fields = st.sampled_from(["plain", "shared", "gone"]), st.sampled_from(kind.fields)
    choices = [st.tuples(st.just(ROOT), fields, st.just(""), values, how)]
    if kind.rows:
        names = st.sampled_from([*kind.row_fields, "at", ""])
        choices.append(st.tuples(st.just(kind.rows), st.sampled_from("abxy"), names, values, how))
    found: list[tuple[Any, ...]] = draw(st.lists(st.one_of(choices), max_size=6))
    return found


def do(doc: Doc[Any], edit: tuple[Any, ...]) -> None:
    where, name, inner, value, how = edit
    part: Any = doc.get(where, type=Map)
    if inner:
        if name not in part:
            part[name] = Map({})
        part, name = part[name], inner
        if not isinstance(part, Map):
            return
    if how != "gone":
        part[name] = shared(value, how)
    elif name in part:
        del part[name]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_there_and_back_is_the_same(kind: Kind, data: st.DataObject) -> None:
    content = data.draw(contents(kind))
    assert content_of(opened(kind, content), kind) == plain(content)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_whatever_two_do_at_once_is_the_same_for_both_and_can_be_given_up(kind: Kind, data: st.DataObject) -> None:
    saved = data.draw(contents(kind))
    base = opened(kind, saved)
    first, second = copy_of(base, 6), copy_of(base, 7)
    for doc in (first, second):
        for edit in data.draw(edits(kind)):
            do(doc, edit)
    updates = first.get_update(), second.get_update()
    first.apply_update(updates[1])
    second.apply_update(updates[0])
    content = content_of(first, kind)
    assert content == content_of(second, kind)
    with suppress(InvalidInput):
        kind.require_shape(content)
    apply(first, kind, content, saved)
    assert {row["slug"] for row in content_of(first, kind).get(kind.rows, [])} == {
        row["slug"] for row in saved.get(kind.rows, [])
    }
