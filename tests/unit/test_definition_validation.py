"""Every way in which a definition can be wrong is told with its node and its field."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.definitions import Everything, Nothing, chain, node, places, scored
from workflows.definitions import DefinitionInvalid, parse, validate, validated
from workflows.nodes.base import Json

REVISE = "config.cases.0.when"
CHOICES = "config.output_schema.properties.sources.items.x-enum-from"


def found(change: Callable[[Json], object]) -> list[tuple[str, str, str]]:
    return places(validate(scored(change), Everything()))


def configured(id_: str, **config: object) -> Callable[[Json], object]:
    return lambda document: node(document, id_)["config"].update(config)


def test_a_sound_definition_has_no_problem():
    assert validate(scored(), Everything()) == []


def test_an_unknown_type_is_named_with_those_that_there_are():
    [problem] = validate(scored(lambda d: node(d, "end").update(type="outptu")), Everything())[:1]
    assert (problem.code, problem.node, problem.field) == ("unknown_type", "end", "type")
    assert "'outptu'" in problem.message
    assert "output" in problem.message


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda d: d["nodes"].append(node(d, "look")), ("duplicate_id", "look", "id")),
        (lambda d: d.update(start="nowhere"), ("unknown_node", "", "start")),
        (lambda d: d["edges"].append({"from": "end", "to": "nowhere"}), ("unknown_node", "end", "edges.4.to")),
        (lambda d: d["edges"].append({"from": "nowhere", "to": "end"}), ("unknown_node", "nowhere", "edges.4.from")),
        (lambda d: d["edges"].append(d["edges"][0]), ("duplicate_edge", "look", "edges.4")),
        (lambda d: d["nodes"].append({**node(d, "look"), "id": "alone"}), ("unreachable", "alone", "")),
        (lambda d: d.pop("limits"), ("cycle_without_bound", "ask", "limits.visits")),
        (lambda d: d["limits"].pop("visits"), ("cycle_without_bound", "ask", "limits.visits")),
        (lambda d: d["limits"].update(visits=101), ("malformed", "", "limits.visits")),
        (lambda d: d["nodes"].pop(), ("no_output", "", "nodes")),
        (lambda d: d.pop("start"), ("malformed", "", "start")),
        (lambda d: d.update(colour="red"), ("malformed", "", "colour")),
        (lambda d: d.update(format="nexod.workflow/2"), ("malformed", "", "format")),
        (lambda d: d["edges"][2].update(whenn="again"), ("malformed", "gate", "edges.2.whenn")),
        (lambda d: node(d, "ask").update(timeout_s="soon"), ("malformed", "ask", "timeout_s")),
        (lambda d: node(d, "ask").update(retry={"attempts": 99}), ("malformed", "ask", "retry.attempts")),
        (lambda d: d["inputs"].update(type="array"), ("bad_schema", "", "inputs.type")),
        (lambda d: d["inputs"].update(properties=3), ("bad_schema", "", "inputs")),
        (lambda d: node(d, "ask")["config"].pop("prompt"), ("bad_config", "ask", "config.prompt")),
        (configured("ask", prompt=""), ("bad_config", "ask", "config.prompt")),
        (configured("ask", promt="x"), ("bad_config", "ask", "config.promt")),
        (configured("look", limit="six"), ("bad_config", "look", "config.limit")),
        (configured("end", outputs={"x": {"cell": "1"}}), ("bad_config", "end", "config.outputs.x")),
        (configured("ask", prompt="{{ nodes.look.text "), ("bad_template", "ask", "config.prompt")),
        (configured("ask", prompt="{% for x in y %}"), ("bad_template", "ask", "config.prompt")),
        (configured("ask", prompt="{{ topic }}"), ("unknown_name", "ask", "config.prompt")),
        (configured("ask", prompt="{{ inputs.topc }}"), ("unknown_input", "ask", "config.prompt")),
        (configured("ask", prompt="{{ nodes.lok.text }}"), ("unknown_node", "ask", "config.prompt")),
        (configured("ask", prompt="{{ nodes['lok'].text }}"), ("unknown_node", "ask", "config.prompt")),
        (configured("ask", prompt="{{ nodes.look.txt }}"), ("unknown_field", "ask", "config.prompt")),
        (configured("ask", prompt="{{ nodes.end.outputs }}"), ("runs_later", "ask", "config.prompt")),
        (configured("look", query="{{ nodes.look.text }}"), ("runs_later", "look", "config.query")),
        (configured("ask", prompt="{{ visits.lok }}"), ("unknown_node", "ask", "config.prompt")),
        (configured("ask", output_schema={"type": "obj"}), ("bad_schema", "ask", "config.output_schema")),
        (configured("ask", output_schema={"type": "string"}), ("bad_schema", "ask", "config.output_schema")),
        (configured("end", outputs={"x": {"cel": "1 +"}}), ("bad_expression", "end", "config.outputs.x.cel")),
        (configured("end", outputs={"x": {"cel": "nodes.a.b"}}), ("unknown_node", "end", "config.outputs.x.cel")),
        (configured("end", outputs={"x": {"cel": "inputs.baar"}}), ("unknown_input", "end", "config.outputs.x.cel")),
    ],
)
def test_a_problem_is_found_with_its_place(change, problem):
    assert problem in found(change)


@pytest.mark.parametrize(
    "when",
    ["nodes.ask.data.score < 'six'", "nodes.ask.data.score", "inputs.topic + 1", "inputs.topic", "1 < ", "x == 1"],
)
def test_a_condition_must_type_check_to_true_or_false(when):
    assert found(configured("gate", cases=[{"route": "again", "when": when}])) == [("bad_expression", "gate", REVISE)]


class Called(Everything):
    """A tenant with another workflow that takes a number and a text."""

    def inputs(self, workflow: str) -> dict[str, Any]:
        properties = {
            "count": {"type": "integer"},
            "word": {"type": "string"},
            "more": {"type": "string", "default": "x"},
        }
        return {"type": "object", "properties": properties, "required": ["count", "more"]}


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({"count": {"cel": "1"}}, ""),
        ({"count": {"cel": "1"}, "word": {"template": "a"}, "more": {"template": "b"}}, ""),
        ({"count": {"template": "1"}}, "config.inputs.count"),
        ({"word": {"template": "a"}}, "config.inputs.count"),
        ({"count": {"cel": "1"}, "words": {"template": "a"}}, "config.inputs.words"),
        ({"count": {"cel": "inputs.many"}, "word": {"cel": "inputs.topic"}}, ""),
        ({"count": {"cel": "inputs.any * 2"}, "word": {"cel": "inputs.any"}}, ""),
        ({"count": {"cel": "'seven'"}}, "config.inputs.count.cel"),
        ({"count": {"cel": "inputs.topic"}}, "config.inputs.count.cel"),
        ({"count": {"cel": "1"}, "word": {"cel": "size(inputs.topic)"}}, "config.inputs.word.cel"),
    ],
)
def test_another_workflow_is_given_what_it_takes(inputs: dict[str, Any], field: str):
    nodes = [{"id": "call", "type": "workflow", "config": {"workflow": "other", "inputs": inputs}},
             {"id": "end", "type": "output", "config": {"outputs": {"a": {"cel": "1"}}}}]  # fmt: skip
    document = {
        "format": "nexod.workflow/1",
        "name": "w",
        "inputs": {
            "type": "object",
            "properties": {"topic": {"type": "string"}, "many": {"type": "integer"}, "any": {}},
        },
        "start": "call",
        "nodes": nodes,
        "edges": [{"from": "call", "to": "end"}],
    }
    code = "bad_expression" if field.endswith(".cel") else "bad_input"
    expected = [(code, "call", field)] if field else []
    assert places(validate(document, Called())) == expected
    assert validate(document, Everything()) == []


@pytest.mark.parametrize(("arguments", "field"), [
    ({"text": {"template": "a"}, "times": {"cel": "inputs.bar"}}, ""),
    ({"text": {"cel": "inputs.topic"}, "times": {"cel": "inputs.bar + 1"}}, ""),
    ({"text": {"cel": "inputs.bar"}}, "config.arguments.text.cel"),
    ({"text": {"template": "a"}, "times": {"cel": "inputs.topic"}}, "config.arguments.times.cel"),
    ({"text": {"template": "a"}, "times": {"template": "3"}}, "config.arguments.times"),
])  # fmt: skip
def test_a_tool_is_given_what_it_takes(arguments: dict[str, Any], field: str, monkeypatch: pytest.MonkeyPatch):
    from agents.tools import registry as tools

    calculator = tools.tool("calculator")
    taken = {"text": {"type": "string"}, "times": {"type": "integer"}}
    monkeypatch.setattr(type(calculator), "parameters", {"type": "object", "properties": taken, "required": ["text"]})

    def change(document: Json) -> None:
        node(document, "look").update(type="tool", config={"tool": "calculator", "arguments": arguments})
        node(document, "ask")["config"] = {"prompt": "{{ nodes.look.result }}"}
        node(document, "gate")["config"]["cases"][0]["when"] = "false"
        node(document, "end")["config"] = {"outputs": {"a": {"cel": "1"}}}

    assert [(where, at) for _, where, at in found(change)] == ([("look", field)] if field else [])


@pytest.mark.parametrize(("seconds", "fits"), [
    ("60", True), ("inputs.bar * 60", True), ("1.5", True), ("inputs.topic", False), ("'soon'", False), ("true", False),
])  # fmt: skip
def test_a_wait_must_be_given_a_number(seconds: str, fits: bool):
    def change(document: Json) -> None:
        node(document, "look").update(type="wait", config={"seconds": seconds})
        node(document, "ask")["config"] = {"prompt": "x"}
        node(document, "gate")["config"]["cases"][0]["when"] = "false"
        node(document, "end")["config"] = {"outputs": {"a": {"cel": "1"}}}

    assert found(change) == ([] if fits else [("bad_expression", "look", "config.seconds")])


@pytest.mark.parametrize(("items", "fits"), [
    ("inputs.names", True), ("inputs.names.map(n, n + '!')", True), ("[1, 2]", True), ("nodes.first.list", True),
    ("inputs.topic", False), ("1 + 1", False), ("size(inputs.names)", False), ("{'a': 1}", False),
])  # fmt: skip
def test_a_map_must_be_given_a_list(items: str, fits: bool):
    inputs = {
        "type": "object",
        "properties": {"topic": {"type": "string"}, "names": {"type": "array", "items": {"type": "string"}}},
    }
    nodes = [{"id": "first", "type": "transform", "config": {"values": {"list": {"cel": "[1]"}}}},
             {"id": "all", "type": "map", "config": {"items": items, "each": "work"}},
             {"id": "work", "type": "template", "config": {"template": "w"}},
             {"id": "end", "type": "output", "config": {"outputs": {"a": {"cel": "1"}}}}]  # fmt: skip
    edges = [{"from": "first", "to": "all"}, {"from": "all", "to": "end"}]
    document = {
        "format": "nexod.workflow/1",
        "name": "w",
        "inputs": inputs,
        "start": "first",
        "nodes": nodes,
        "edges": edges,
    }
    assert places(validate(document, Everything())) == ([] if fits else [("bad_expression", "all", "config.items")])


@pytest.mark.parametrize("when", ["nodes.ask.data.score < 6.5", "has(nodes.ask.data.score)", "visits['ask'] < 3"])
def test_a_condition_that_holds_in_a_run_passes(when):
    assert found(configured("gate", cases=[{"route": "again", "when": when}])) == []


def test_choices_of_a_schema_must_be_strings():
    def change(document):
        items = node(document, "ask")["config"]["output_schema"]["properties"]["sources"]["items"]
        items["x-enum-from"] = "nodes.ask.data.score"

    assert found(change) == [("bad_expression", "ask", CHOICES)]


def test_each_route_of_a_condition_needs_an_edge():
    assert ("missing_route", "gate", "config.default") in found(lambda d: d["edges"].pop())
    assert ("missing_route", "gate", "config.cases.0.route") in found(lambda d: d["edges"].pop(2))


def test_an_edge_behind_a_condition_needs_a_route_of_it():
    assert ("unexpected_route", "gate", "when") in found(lambda d: d["edges"][2].update(when="maybe"))
    assert ("unexpected_route", "gate", "when") in found(lambda d: d["edges"].append({"from": "gate", "to": "end"}))


def test_an_edge_behind_a_node_without_routes_has_no_label():
    assert ("unexpected_route", "look", "") in found(lambda d: d["edges"][0].update(when="ok"))


def test_a_cycle_without_a_way_out_is_refused_although_it_is_bounded():
    def change(document):
        document["edges"] = [{"from": "look", "to": "ask"}, {"from": "ask", "to": "look"}, {"from": "ask", "to": "end"}]

    assert ("endless_cycle", "look", "") in found(change)


@pytest.mark.parametrize(
    ("labels", "problems"),
    [
        ([""], []),
        (["approve"], []),
        (["approve", "reject"], []),
        (["reject"], ["missing_route"]),
        (["approve", ""], ["unexpected_route"]),
        (["approve", "perhaps"], ["unexpected_route"]),
    ],
)
def test_the_edges_behind_an_approval(labels, problems):
    document = chain(3)
    document["nodes"][1] = {"id": "n1", "type": "approval", "config": {"title": "t", "content": "c"}}
    document["edges"] = [{"from": "n0", "to": "n1"}, *({"from": "n1", "to": "n2", "when": when} for when in labels)]
    assert [problem.code for problem in validate(document, Everything())] == problems


def test_what_the_tenant_does_not_have_is_named():
    def change(document):
        node(document, "ask")["config"]["model"] = "gpt"
        document["nodes"] += [
            {"id": "crew", "type": "crew", "config": {"crew": "c"}},
            {"id": "agent", "type": "agent", "config": {"agent": "a", "prompt": "p"}},
            {"id": "plain", "type": "llm", "config": {"prompt": "p"}},
        ]
        document["edges"] += [{"from": "look", "to": id_} for id_ in ("crew", "agent", "plain")]

    problems = validate(scored(change), Nothing())
    assert sorted(places(problems)) == [
        ("unknown_agent", "agent", "config.agent"),
        ("unknown_crew", "crew", "config.crew"),
        ("unknown_knowledge_base", "look", "config.knowledge_base"),
        ("unknown_model", "ask", "config.model"),
        ("unknown_model", "plain", "config.model"),
    ]
    assert "default model connection" in next(p.message for p in problems if p.node == "plain")


@pytest.mark.parametrize("word", ["in", "true", "package"])
def test_an_id_that_expressions_cannot_say_is_refused(word):
    def change(document):
        node(document, "look")["id"] = document["start"] = word

    assert ("reserved_id", word, "id") in found(change)


@pytest.mark.parametrize("id_", ["", "1st", "two words", "a.b", "ä", "x" * 61, 7, None])
def test_an_id_is_a_name(id_):
    assert any(problem[0] == "malformed" for problem in found(lambda d: node(d, "look").update(id=id_)))


@pytest.mark.parametrize("document", [None, 3, "", "[]", "{", b"\xff", [], {}, {"nodes": 3}, {"nodes": [3]}])
def test_what_is_no_definition_is_malformed(document):
    assert {problem.code for problem in validate(document, Everything())} == {"malformed"}


def test_malformed_json_is_told_with_line_and_column():
    [problem] = validate('{"format":\n  oops}', Everything())
    assert "line 2, column 3" in problem.message


def test_the_text_of_a_definition_is_taken_too():
    import json

    assert validate(json.dumps(scored()), Everything()) == []


def test_all_problems_are_told_at_once_up_to_a_hundred():
    problems = validate(chain(201, lambda i: {"template": "{{ nope }}"}), Everything())
    assert len(problems) == 101
    assert problems[-1].message == "There are 100 more problems."


def test_parse_gives_what_the_engine_needs():
    definition = parse(scored())
    assert definition.by_id["ask"].retry.attempts == 1
    assert [(edge.target, edge.when) for edge in definition.leaving["gate"]] == [("ask", "again"), ("end", "done")]
    assert definition.routes("gate") == {"again", "done"}
    assert definition.routes("look") == frozenset()
    assert definition.limits.visits == 3


def test_parse_refuses_another_shape():
    with pytest.raises(DefinitionInvalid) as caught:
        parse({"format": "nexod.workflow/1"})
    assert caught.value.as_dict()["code"] == "definition_invalid"


def test_validated_raises_every_problem_as_details():
    with pytest.raises(DefinitionInvalid) as caught:
        validated(scored(lambda d: d["edges"].pop()), Everything())
    details = caught.value.as_dict()["details"]
    assert {"code", "message", "node", "field"} == set(details[0])
    assert ("gate", "config.default") in [(item["node"], item["field"]) for item in details]
    assert str(caught.value).startswith("The definition is not valid. Node gate, config.default: No edge leaves")


def test_a_normal_definition_is_checked_in_under_50_ms():
    document = chain(40, lambda i: {"template": f"{{{{ nodes.n{i - 1}.text }}}}" if i else "x"})
    validate(document, Everything())
    began = time.perf_counter()
    assert validate(document, Everything()) == []
    assert time.perf_counter() - began < 0.05
