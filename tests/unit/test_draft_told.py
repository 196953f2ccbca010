"""What changed in a draft, joined and in words, whatever clients wrote into the document."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text

from collaboration.crdt.shape import definition_of, normal
from tests.definitions import SCORED
from workflows.definitions import validate
from workflows.drafts.sentences import sentences
from workflows.drafts.told import CHANGES_LIMIT, VALUE_LIMIT, joined, told
from workflows.nodes.base import References

Json = dict[str, Any]
NAMES = st.sampled_from(
    ["id", "type", "title", "config", "undo", "at", "from", "to", "when", "start", "name", "retry", "x\0"]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats()
    | st.sampled_from(["a", "b", "", "\0", "a\0", "😀"])
)
garbage: Any = st.recursive(
    scalars | st.builds(lambda text: ("text", text), st.sampled_from(["", "a", "b\0"])),
    lambda inner: (
        st.builds(lambda parts: ("map", parts), st.dictionaries(NAMES, inner, max_size=4))
        | st.builds(lambda parts: ("array", parts), st.lists(scalars, max_size=2))
        | st.dictionaries(NAMES, scalars, max_size=2)
    ),
    max_leaves=8,
)
roots = st.dictionaries(st.sampled_from(["a", "b", "c\0", "start", "name", "inputs"]), garbage, max_size=4)
documents = st.fixed_dictionaries({"workflow": roots, "nodes": roots, "edges": roots})


def shared(value: Any) -> Any:
    if isinstance(value, tuple):
        kind, inner = value
        if kind == "text":
            return Text(inner)
        return Map({name: shared(one) for name, one in inner.items()}) if kind == "map" else Array(inner)
    return value


def definition_in(parts: Json) -> Json:
    doc: Doc[Any] = Doc()
    for name, values in parts.items():
        root = doc.get(name, type=Map)
        for key, value in values.items():
            root[key] = shared(value)
    return definition_of(doc)


class Nothing(References):
    """A tenant without anything."""

    def has(self, kind: str, slug: str) -> bool:
        return False

    def inputs(self, workflow: str) -> Json | None:
        return None

    def credential(self, slug: str) -> None:
        return None


@settings(max_examples=300, deadline=None)
@given(documents, documents)
def test_whatever_is_written_can_be_read_validated_and_told(before: Json, after: Json) -> None:
    old, new = definition_in(before), definition_in(after)
    assert normal(normal(new)) == normal(new)
    validate(new, Nothing())
    found = told(old, new)
    assert "\0" not in str(found)
    assert len(sentences(found)) <= len(found)
    assert joined(found, told(new, old)) == [] or found


def changed(**fields: Any) -> Json:
    found = copy.deepcopy(SCORED)
    found["nodes"][1] |= fields
    return found


def test_what_is_changed_back_is_left_out_and_what_goes_on_is_one() -> None:
    first, second = changed(title="One"), changed(title="Two")
    both = joined(told(SCORED, first), told(first, second))
    assert [(change["sort"], change["before"], change["after"]) for change in both] == [("added", None, "Two")]
    assert joined(both, told(second, SCORED)) == []


def test_a_new_step_that_is_written_on_is_one_new_step() -> None:
    grown, more = copy.deepcopy(SCORED), copy.deepcopy(SCORED)
    grown["nodes"].append({"id": "new", "type": "note", "config": {}})
    more["nodes"].append({"id": "new", "type": "note", "title": "Now named", "config": {"text": "t"}})
    both = joined(told(SCORED, grown), told(grown, more))
    assert sentences(both) == ["added the step “Now named”"]
    assert joined(both, told(more, SCORED)) == []


def test_sentences_for_people() -> None:
    other = changed(title="Ask", timeout_s=5, config={"prompt": "New"})
    other["name"], other["start"] = "Other", "ask"
    other["edges"] = other["edges"][:-1]
    del other["nodes"][0]
    lines = sentences(told(SCORED, other))
    [fields] = [line for line in lines if line.endswith("of “Ask”")]
    assert all(word in fields for word in ("time limit", "prompt", "output schema"))
    assert set(lines) - {fields} == {
        "changed the workflow's name and where runs start",
        "called the step ask “Ask” (it was “ask”)",
        "removed the step “look”",
        "disconnected gate → end (done)",
    }


def test_what_is_kept_is_bounded() -> None:
    large = changed(config={"prompt": "x" * 50_000, "cases": ["y" * 50_000]})
    large["nodes"] += [{"id": f"n{number}", "type": "note"} for number in range(2 * CHANGES_LIMIT)]
    found = told(SCORED, large)
    assert len(found) == CHANGES_LIMIT
    assert all(len(str(change["after"])) <= VALUE_LIMIT + 1 for change in found)
