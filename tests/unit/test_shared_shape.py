"""A workflow's definition as a shared document: there and back, least changes, and two who change it at once."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text

from collaboration.crdt.shape import apply, conflicts, definition_of, merged, normal, seed
from collaboration.crdt.shape.lists import together
from collaboration.crdt.shape.places import places
from collaboration.crdt.shape.reading import root
from collaboration.crdt.shape.rows import label
from collaboration.crdt.shape.texts import edits, three_way
from tests.definitions import SCORED
from workflows.definitions.renaming import renamed

Json = dict[str, Any]
CASES = json.loads((Path(__file__).parents[1] / "cases/workflow_shape.json").read_text())

plain_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
configs = st.dictionaries(st.sampled_from(["prompt", "model", "cases", "deep"]), plain_values, max_size=3)
texts = st.text(st.sampled_from("ab é😀\n"), max_size=12)


@st.composite
def definitions(draw: st.DrawFn) -> Json:
    """A readable definition, valid or not: its edges lead to nodes that are there."""
    ids = draw(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=5, unique=True))
    nodes = []
    for id_ in ids:
        node: Json = {"id": id_, "type": draw(st.sampled_from(["llm", "output"])), "config": draw(configs)}
        node |= {"title": draw(texts)} if draw(st.booleans()) else {}
        node |= {"undo": draw(st.sampled_from(ids))} if draw(st.booleans()) else {}
        node |= {"timeout_s": 2.5, "retry": {"attempts": 2}} if draw(st.booleans()) else {}
        nodes.append(node)
    ways = st.tuples(st.sampled_from(ids), st.sampled_from(ids), st.sampled_from(["", "again"]))
    edges = [{"from": a, "to": b, "when": w} for a, b, w in draw(st.lists(ways, max_size=6, unique=True))]
    head = {"format": "nexod.workflow/1", "name": draw(texts), "start": draw(st.sampled_from([*ids, "gone"]))}
    more = {"description": draw(texts), "inputs": {"x": draw(plain_values)}} if draw(st.booleans()) else {}
    return {**head, **more, "nodes": nodes, "edges": edges}


def opened(definition: Json, client: int = 1) -> Doc[Any]:
    """A document with that definition."""
    doc: Doc[Any] = Doc(client_id=client)
    seed(doc, definition)
    return doc


def copy_of(doc: Doc[Any], client: int) -> Doc[Any]:
    """What another person has."""
    other: Doc[Any] = Doc(client_id=client)
    other.apply_update(doc.get_update())
    return other


@pytest.mark.parametrize("case", CASES["seed"], ids=lambda case: case["name"])
def test_a_definition_becomes_that_document(case: Json) -> None:
    doc = opened(case["definition"])
    assert {name: root(doc, name) for name in ("workflow", "nodes", "edges")} == case["document"]
    assert definition_of(doc) == case.get("back", case["definition"])


@pytest.mark.parametrize("case", CASES["read"], ids=lambda case: case["name"])
def test_whatever_clients_wrote_is_read(case: Json) -> None:
    assert definition_of(written(case["document"])) == case["definition"]


def written(document: Json) -> Doc[Any]:
    """A document as a client wrote it."""
    doc: Doc[Any] = Doc()
    for name, parts in document.items():
        into = doc.get(name, type=Map)
        for key, value in parts.items():
            into[key] = shared(value)
    return doc


@pytest.mark.parametrize("case", CASES["apply"], ids=lambda case: case["name"])
def test_a_change_is_made_beside_those_of_others(case: Json) -> None:
    doc = written(case["document"]) if "document" in case else opened(case.get("now", case["before"]))
    apply(doc, case["before"], case["after"], case.get("renames"))
    assert definition_of(doc) == case["definition"]


@pytest.mark.parametrize("case", CASES["lists"], ids=lambda case: case["name"])
def test_a_list_takes_a_change_beside_those_of_others(case: Json) -> None:
    assert label(together(case["before"], case["now"], case["after"])) == label(case["is"])


def shared(value: Any) -> Any:
    """What the table writes as {"text": ...}, {"map": ...} or {"array": ...}; all else is plain."""
    if isinstance(value, dict) and set(value) == {"text"}:
        return Text(value["text"])
    if isinstance(value, dict) and set(value) == {"map"}:
        return Map({name: shared(inner) for name, inner in value["map"].items()})
    return Array(value["array"]) if isinstance(value, dict) and set(value) == {"array"} else value


@settings(max_examples=150, deadline=None)
@given(definitions())
def test_there_and_back_is_the_same(definition: Json) -> None:
    assert definition_of(opened(definition)) == normal(definition)
    assert normal(normal(definition)) == normal(definition)


@settings(max_examples=150, deadline=None)
@given(definitions(), definitions())
def test_a_document_becomes_any_other_definition(before: Json, after: Json) -> None:
    doc = opened(before)
    apply(doc, before, after)
    assert definition_of(doc) == normal(after)
    written: list[bytes] = []
    subscription = doc.observe(lambda event: written.append(event.update))
    apply(doc, definition_of(doc), after)
    doc.unobserve(subscription)
    assert written == [], "what is so already is not written again"


@settings(max_examples=100, deadline=None)
@given(definitions(), definitions(), definitions())
def test_two_who_change_it_at_once_have_the_same_in_the_end(base: Json, one: Json, two: Json) -> None:
    first = opened(base)
    second = copy_of(first, 7)
    first = copy_of(first, 6)
    apply(first, base, one)
    apply(second, base, two)
    updates = first.get_update(), second.get_update()
    first.apply_update(updates[1])
    second.apply_update(updates[0])
    assert definition_of(first) == definition_of(second)
    ids = {node["id"] for node in definition_of(first)["nodes"]}
    assert all({edge["from"], edge["to"]} <= ids for edge in definition_of(first)["edges"])


elements = st.one_of(
    st.sampled_from(["a", "b", 1, True, None, [1]]),
    st.fixed_dictionaries({"route": st.sampled_from("abc"), "when": texts}),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(elements, max_size=6), st.lists(elements, max_size=6), st.lists(elements, max_size=6))
def test_a_list_becomes_what_one_side_made_of_it_when_the_other_did_nothing(base: Any, one: Any, two: Any) -> None:
    assert label(together(base, base, two)) == label(two)
    assert label(together(base, one, base)) == label(one)
    found = [label(item) for item in together(base, one, two)]
    assert set(found) <= {label(item) for item in [*base, *one, *two]} or any(isinstance(item, dict) for item in base)


def with_cases(cases: list[Any]) -> Json:
    node = {"id": "a", "type": "condition", "config": {"cases": cases}}
    return {"name": "W", "nodes": [node], "edges": []}


def cases_of(doc: Doc[Any]) -> list[Any]:
    found: list[Any] = definition_of(doc)["nodes"][0]["config"]["cases"]
    return found


@settings(max_examples=150, deadline=None)
@given(st.integers(2, 6), st.data())
def test_two_who_change_other_elements_of_a_list_at_once_lose_nothing(count: int, data: st.DataObject) -> None:
    base = [{"route": f"r{n}", "when": f"when {n}"} for n in range(count)]
    mine, theirs = data.draw(st.permutations(range(count)).map(lambda order: order[:2]))
    first, second = copy_of(opened(with_cases(base)), 6), copy_of(opened(with_cases(base)), 7)
    one, two = copy.deepcopy(base), copy.deepcopy(base)
    one[mine]["when"], two[theirs]["when"] = "mine", "theirs"
    one.insert(data.draw(st.integers(0, count)), {"route": "new", "when": "of mine"})
    gone = data.draw(st.sampled_from([None, *(n for n in range(count) if n not in (mine, theirs))]))
    if gone is not None:
        del two[gone]
    apply(first, with_cases(base), with_cases(one))
    apply(second, with_cases(base), with_cases(two))
    updates = first.get_update(), second.get_update()
    first.apply_update(updates[1])
    second.apply_update(updates[0])
    found = cases_of(first)
    assert found == cases_of(second)
    by_route = {case["route"]: case["when"] for case in found}
    wanted = {f"r{n}": f"when {n}" for n in range(count) if n != gone}
    assert by_route == {**wanted, f"r{mine}": "mine", f"r{theirs}": "theirs", "new": "of mine"}
    assert len(found) == len(by_route)


@settings(max_examples=150, deadline=None)
@given(st.lists(elements, max_size=5), st.lists(elements, max_size=5), st.lists(elements, max_size=5))
def test_lists_that_two_change_at_once_are_the_same_for_both(base: Any, one: Any, two: Any) -> None:
    first, second = copy_of(opened(with_cases(base)), 6), copy_of(opened(with_cases(base)), 7)
    apply(first, with_cases(base), with_cases(one))
    apply(second, with_cases(base), with_cases(two))
    assert label(cases_of(first)) == label(normal(with_cases(one))["nodes"][0]["config"]["cases"])
    updates = first.get_update(), second.get_update()
    first.apply_update(updates[1])
    second.apply_update(updates[0])
    assert cases_of(first) == cases_of(second)


def test_two_type_in_one_element_of_a_list_at_once() -> None:
    base = [{"route": "a", "when": "one and three"}]
    first, second = copy_of(opened(with_cases(base)), 6), copy_of(opened(with_cases(base)), 7)
    apply(first, with_cases(base), with_cases([{"route": "a", "when": "one, two and three"}]))
    apply(second, with_cases(base), with_cases([{"route": "z", "when": "one and three and four"}]))
    first.apply_update(second.get_update())
    assert cases_of(first) == [{"route": "z", "when": "one, two and three and four"}]


def test_lists_contradict_each_other_only_where_both_changed_one_element() -> None:
    base = with_cases([{"route": "a", "when": 1}, {"route": "b", "when": 1}])
    one = with_cases([{"route": "a", "when": 2}, {"route": "b", "when": 1}, {"route": "c"}])
    two = with_cases([{"route": "a", "when": 1}, {"route": "b", "when": 3}])
    assert conflicts(one, base, two) == []
    assert merged(one, base, two)["nodes"][0]["config"]["cases"] == [
        {"route": "a", "when": 2}, {"route": "b", "when": 3}, {"route": "c"},
    ]  # fmt: skip
    other = with_cases([{"route": "a", "when": 5}, {"route": "b", "when": 1}])
    assert [(found.node, found.field) for found in conflicts(one, base, other)] == [("a", "config.cases")]
    assert conflicts(one, base, with_cases([{"route": "b", "when": 1}])) != []


def test_true_is_not_one() -> None:
    doc = opened(with_cases([1, {"when": 1}]))
    apply(doc, with_cases([1, {"when": 1}]), with_cases([True, {"when": True}]))
    assert label(cases_of(doc)) == '[true, {"when": true}]'


def test_a_list_of_an_old_document_becomes_shared_when_it_is_changed() -> None:
    old = {"a": {"map": {"id": "a", "type": "condition", "at": 1, "config": {"map": {"cases": [{"route": "a"}]}}}}}
    doc = written({"workflow": {"name": {"text": "W"}}, "nodes": old})
    config = doc.get("nodes", type=Map)["a"]["config"]
    apply(doc, definition_of(doc), definition_of(doc))
    assert not isinstance(config["cases"], Array), "who reads it changes nothing"
    apply(doc, with_cases([{"route": "a"}]), with_cases([{"route": "a"}, {"route": "b"}]))
    assert isinstance(config["cases"], Array)
    assert cases_of(doc) == [{"route": "a"}, {"route": "b"}]


@settings(max_examples=100, deadline=None)
@given(texts, texts, texts)
def test_texts_merge_as_those_who_type_them_would(base: str, ours: str, theirs: str) -> None:
    assert three_way(base, base, theirs) == theirs
    assert three_way(base, ours, base) == ours
    text = ours
    for start, end, new in reversed(edits(ours, theirs)):
        text = text[:start] + new + text[end:]
    assert text == theirs


def test_two_write_in_one_prompt() -> None:
    base = copy.deepcopy(SCORED)
    base["nodes"][1]["config"]["prompt"] = "Answer the question. Be short."
    one, two = copy.deepcopy(base), copy.deepcopy(base)
    one["nodes"][1]["config"]["prompt"] = "Answer the question in French. Be short."
    two["nodes"][1]["config"]["prompt"] = "Answer the question. Be short and kind."
    two["nodes"][1]["title"] = "Ask"
    both = merged(one, base, two)["nodes"][1]
    assert both["config"]["prompt"] == "Answer the question in French. Be short and kind."
    assert both["title"] == "Ask"
    assert conflicts(one, base, two) == []


def test_a_renamed_node_keeps_what_another_types_in_it() -> None:
    base = normal(SCORED)
    here, there = opened(base), copy_of(opened(base), 9)
    apply(here, base, renamed(base, "ask", "question"), {"ask": "question"})
    prompt = there.get("nodes", type=Map)["ask"]["config"]["prompt"]
    prompt += " Please."
    here.apply_update(there.get_update())
    node = next(node for node in definition_of(here)["nodes"] if node["id"] == "question")
    assert node["config"]["prompt"].endswith("Please.")
    assert {edge["to"] for edge in definition_of(here)["edges"]} == {"question", "gate", "end"}


def test_what_both_set_to_different_values_is_a_conflict() -> None:
    one, two = copy.deepcopy(SCORED), copy.deepcopy(SCORED)
    one["limits"], two["limits"] = {"visits": 4}, {"visits": 5}
    del one["nodes"][0]
    two["nodes"][0]["config"]["query"] = "other"
    found = conflicts(one, SCORED, two)
    assert [(conflict.node, conflict.field) for conflict in found] == [("", "limits.visits"), ("look", "config.query")]
    assert conflicts(one, SCORED, one) == []


def test_inputs_that_two_add_are_both_there() -> None:
    one, two = copy.deepcopy(SCORED), copy.deepcopy(SCORED)
    one["inputs"]["properties"]["one"] = {"type": "string"}
    two["inputs"]["properties"]["two"] = {"type": "string"}
    assert set(merged(one, SCORED, two)["inputs"]["properties"]) == {"topic", "bar", "one", "two"}


def test_a_moved_part_changes_one_number() -> None:
    now = {key: float(place) for place, key in enumerate("abcdefgh", 1)}
    assert set(places("abchdefg", now)) == {"h"}
    assert set(places("bcdefgha", now)) == {"a"}
    assert places("abcdefgh", now) == {}
    assert set(places("abcxdefgh", now)) == {"x"}


def test_places_never_run_out() -> None:
    order, now = ["a", "b"], {"a": 1.0, "b": 2.0}
    chance = random.Random(4)
    for number in range(300):
        order.insert(1, f"n{number}")
        if chance.random() < 0.1:
            order.append(order.pop(0))
        now.update(places(order, now))
        assert sorted(now, key=now.__getitem__) == order
