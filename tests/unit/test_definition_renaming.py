"""A node that is called otherwise is found under its new name wherever it was named, and nowhere else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nexod.kernel.errors import InvalidInput
from workflows.definitions.renaming import renamed

DOCUMENT: dict[str, Any] = {
    "format": "nexod.workflow/1",
    "name": "w",
    "start": "a",
    "nodes": [
        {"id": "a", "type": "template", "undo": "back", "title": "a", "config": {"template": "nodes.a {{ inputs.a }}"}},
        {"id": "all", "type": "map", "config": {"items": "nodes.a.list.map(a, a + nodes['a'].x)", "each": "work"}},
        {"id": "work", "type": "template", "config": {"template": "{{ nodes.all.item }} {{ 'nodes.a' }} {{ nodes[\"a\"].text }}"}},
        {"id": "call", "type": "http", "config": {
            "url": "https://x.test/{{ nodes.a.text }}", "headers": {"X.a.b": "{{ nodes.a.text }}", "X": "{{ nodes.ab.text }}"}}},
        {"id": "which", "type": "condition", "config": {
            "cases": [{"route": "a", "when": "nodes.a.text == 'nodes.a' && visits.a > 1 // nodes.a"}], "default": "b"}},
        {"id": "ask", "type": "llm", "config": {"prompt": "{% if nodes.a.text %}{% raw %}{{ nodes.a }}{% endraw %}{% endif %}",
            "output_schema": {"type": "object", "properties": {"p.q": {"type": "string", "x-enum-from": "nodes.a.list"}}}}},
        {"id": "ab", "type": "template", "config": {"template": "{% for x in nodes.a.list %}{{ x.a }}{% endfor %}"}},
        {"id": "back", "type": "template", "config": {"template": "undone {{ nodes.a.text }}"}},
    ],
    "edges": [{"from": "a", "to": "all"}, {"from": "all", "to": "a", "when": "error"}],
}  # fmt: skip


def configs(document: dict[str, Any]) -> dict[str, Any]:
    return {node["id"]: node["config"] for node in document["nodes"]}


def test_everything_that_names_it_follows():
    found = renamed(DOCUMENT, "a", "first")
    config = configs(found)
    assert (found["start"], found["edges"]) == (
        "first", [{"from": "first", "to": "all"}, {"from": "all", "to": "first", "when": "error"}])  # fmt: skip
    assert config["all"]["items"] == "nodes.first.list.map(a, a + nodes['first'].x)"
    assert config["work"]["template"] == "{{ nodes.all.item }} {{ 'nodes.a' }} {{ nodes[\"first\"].text }}"
    assert config["call"]["headers"] == {"X.a.b": "{{ nodes.first.text }}", "X": "{{ nodes.ab.text }}"}
    case = config["which"]["cases"][0]
    assert case == {"route": "a", "when": "nodes.first.text == 'nodes.a' && visits.first > 1 // nodes.a"}
    assert config["ask"]["prompt"] == "{% if nodes.first.text %}{% raw %}{{ nodes.a }}{% endraw %}{% endif %}"
    assert config["ask"]["output_schema"]["properties"]["p.q"]["x-enum-from"] == "nodes.first.list"
    assert config["ab"]["template"] == "{% for x in nodes.first.list %}{{ x.a }}{% endfor %}"
    assert config["first"]["template"] == "nodes.a {{ inputs.a }}"


def test_what_does_the_work_and_what_undoes_is_followed():
    assert configs(renamed(DOCUMENT, "work", "each_one"))["all"]["each"] == "each_one"
    assert renamed(DOCUMENT, "back", "undone")["nodes"][0]["undo"] == "undone"


def test_back_again_is_as_it_was():
    assert renamed(renamed(DOCUMENT, "a", "first"), "first", "a") == DOCUMENT


def test_nothing_of_what_was_given_is_changed():
    before = json.dumps(DOCUMENT)
    renamed(DOCUMENT, "a", "first")
    assert json.dumps(DOCUMENT) == before


@pytest.mark.parametrize(
    ("node", "to", "says"),
    [
        ("a", "ab", "called 'ab' already"),
        ("a", "for", "word of the expression language"),
        ("a", "1st", "begins with a letter"),
        ("a", "", "begins with a letter"),
        ("gone", "b", "no node 'gone'"),
    ],
)
def test_a_name_that_cannot_be_is_refused(node: str, to: str, says: str):
    with pytest.raises(InvalidInput, match=says):
        renamed(DOCUMENT, node, to)


@pytest.mark.parametrize("config", [{"template": 5, "x": "nodes.a"}, {"template": "{{ nodes.a.text"}])
def test_what_cannot_be_read_but_may_name_it_stands_in_the_way(config: dict[str, Any]):
    broken = {**DOCUMENT, "nodes": [*DOCUMENT["nodes"], {"id": "odd", "type": "template", "config": config}]}
    with pytest.raises(InvalidInput, match="'odd'"):
        renamed(broken, "a", "first")


@pytest.mark.parametrize(
    "template", ["{% set nodes = inputs %}{{ nodes.a }}", "{% for nodes in inputs.all %}{{ nodes.a }}{% endfor %}"]
)
def test_what_only_looks_like_a_node_stands_in_the_way(template: str):
    odd = {"id": "odd", "type": "template", "config": {"template": template}}
    document = {**DOCUMENT, "nodes": [*DOCUMENT["nodes"], odd]}
    with pytest.raises(InvalidInput, match="'odd'"):
        renamed(document, "a", "first")
    assert configs(renamed(document, "ab", "other"))["odd"] == odd["config"]
