"""What every node type promises to the validation, the form builder and the engine."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.definitions import Call, Everything, Nothing, chain, scored
from workflows import starters
from workflows.definitions import definition_schema, validate
from workflows.nodes import registry
from workflows.nodes.base import Json, NodeCall, NodeType, Problem
from workflows.starters import Starter

TEXTS = {name: {"type": "string"} for name in ("topic", "audience", "text", "note", "country", "name")}
INPUTS = {
    "type": "object",
    "properties": {
        **TEXTS,
        "sources": {"type": "array", "items": {"type": "string"}},
        "addresses": {"type": "array", "items": {}},
        "price": {"type": "number"},
        "score": {"type": "integer"},
        "order": {"type": "string"},
    },
}
GIVEN = {
    **dict.fromkeys(TEXTS, "x"), "sources": [], "addresses": [1, 2], "price": 2.0, "score": 9, "order": "7",
}  # fmt: skip
ANSWER = {"type": "object", "properties": {"source": {"type": "string", "x-enum-from": "inputs.sources"}}}
MORE: dict[str, Json] = {
    "agent": {"output_schema": ANSWER},
    "crew": {"outputs": {"write": ANSWER}},
    "llm": {"output_schema": ANSWER},
}
EXAMPLES: dict[str, Json] = {kind.type: {**kind.example, **MORE.get(kind.type, {})} for kind in registry.all_types()}
ROUTES = {
    "condition": frozenset({"high", "low"}),
    "switch": frozenset({"europe", "america", "elsewhere"}),
    "loop": frozenset({"again", "done"}),
    "approval": frozenset({"approve"}),
}
ALONE = [
    "template",
    "transform",
    "join",
    "emit",
    "wait",
    "workflow",
    "condition",
    "switch",
    "loop",
    "approval",
    "output",
]

each_type = pytest.mark.parametrize("kind", registry.all_types(), ids=lambda kind: kind.type)
each_starter = pytest.mark.parametrize("starter", starters.all_starters(), ids=lambda starter: starter.slug)


def document(kind: NodeType, config: Json | None = None) -> Json:
    """Return a definition whose second node is of that type."""
    made = chain(3)
    made["inputs"] = INPUTS
    made["nodes"][1] = {"id": "n1", "type": kind.type, "config": EXAMPLES[kind.type] if config is None else config}
    if kind.type == "map":
        made["nodes"].append({"id": "check", "type": "template", "config": {"template": "{{ nodes.n1.item }}"}})
    if not kind.runs:
        return {**made, "edges": [{"from": "n0", "to": "n2"}]}
    made["edges"] = [{"from": "n0", "to": "n1"}]
    made["edges"] += [{"from": "n1", "to": "n2", "when": label} for label in ROUTES.get(kind.type, [""])]
    return made


def at(config: Json, field: str) -> Any:
    found: Any = config
    for step in field.split("."):
        found = found[int(step)] if isinstance(found, list) else found[step]
    return found


@each_type
def test_it_says_what_it_is(kind: NodeType) -> None:
    assert registry.get(kind.type) is kind
    assert kind.title
    assert kind.description.endswith(".")


@each_type
def test_its_schema_is_closed_and_every_field_has_a_title(kind: NodeType) -> None:
    Draft202012Validator.check_schema(dict(kind.schema))
    assert kind.schema["additionalProperties"] is False
    assert all("title" in field for field in kind.schema["properties"].values())
    assert set(kind.schema["required"]) <= set(kind.schema["properties"])


@each_type
def test_its_example_is_valid(kind: NodeType) -> None:
    assert validate(document(kind), Everything()) == []


@each_type
def test_an_unknown_field_is_refused_by_name(kind: NodeType) -> None:
    problems = validate(document(kind, {**EXAMPLES[kind.type], "colour": "red"}), Everything())
    assert [(p.node, p.field) for p in problems] == [("n1", "config.colour")]


@each_type
def test_templates_expressions_and_references_are_told_with_their_place(kind: NodeType) -> None:
    config = EXAMPLES[kind.type]
    for field, template in kind.templates(config).items():
        assert at(config, field) == template
    for field, expression in kind.expressions(config).items():
        assert at(config, field) == expression.source
    for reference in kind.references(config):
        assert at(config, reference.field) == reference.slug


@each_type
def test_every_template_field_is_checked(kind: NodeType) -> None:
    """Break each text of the example in turn: a field that a run would render must be refused when it is saved."""
    for field in kind.templates(EXAMPLES[kind.type]):
        config = broken(EXAMPLES[kind.type], field.split("."), "{{ ")
        assert ("bad_template", f"config.{field}") in codes(validate(document(kind, config), Everything()))


@each_type
def test_every_expression_field_is_checked(kind: NodeType) -> None:
    for field in kind.expressions(EXAMPLES[kind.type]):
        config = broken(EXAMPLES[kind.type], field.split("."), "1 +")
        assert ("bad_expression", f"config.{field}") in codes(validate(document(kind, config), Everything()))


def broken(part: Any, path: list[str], value: str) -> Any:
    if not path:
        return value
    if isinstance(part, list):
        return [broken(item, path[1:], value) if str(i) == path[0] else item for i, item in enumerate(part)]
    return {**part, path[0]: broken(part[path[0]], path[1:], value)}


def codes(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(problem.code, problem.field) for problem in problems]


@each_type
def test_what_the_tenant_does_not_have_is_a_problem_of_its_field(kind: NodeType) -> None:
    problems = {(p.node, p.field) for p in validate(document(kind), Nothing())}
    assert problems == {("n1", f"config.{found.field}") for found in kind.references(EXAMPLES[kind.type])}


@each_type
def test_its_output_is_described(kind: NodeType) -> None:
    schema = kind.output(EXAMPLES[kind.type])
    Draft202012Validator.check_schema(schema)
    assert schema["type"] == "object"
    assert bool(schema["properties"]) == kind.runs


@pytest.mark.parametrize("type_", ALONE)
def test_what_it_gives_is_what_it_describes(type_: str) -> None:
    kind = registry.get(type_)
    values: Json = {"inputs": GIVEN, "nodes": {}, "visits": {}, "run": {"id": "r"}}
    call: NodeCall = Call(EXAMPLES[type_], values, routes=ROUTES.get(type_, frozenset()))
    result = kind.run(call)
    Draft202012Validator(kind.output(EXAMPLES[type_])).validate(result.output)
    assert result.route in ROUTES.get(type_, {""})
    assert result.summary


@each_type
def test_the_published_schema_knows_it(kind: NodeType) -> None:
    validator = Draft202012Validator(definition_schema())
    assert validator.is_valid(document(kind))
    assert not validator.is_valid(document(kind, {**EXAMPLES[kind.type], "colour": "red"}))


def test_the_published_schema_is_one_and_refuses_unknown_types() -> None:
    schema = definition_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert Draft202012Validator(schema).is_valid(scored())
    assert not Draft202012Validator(schema).is_valid(scored(lambda d: d["nodes"][0].update(type="nope")))


def test_the_web_process_can_validate_without_what_only_workers_need() -> None:
    code = (
        "import sys, workflows.definitions, workflows.nodes.registry, workflows.starters;"
        "heavy = {'crewai', 'langgraph', 'langchain_core', 'openai', 'litellm', 'numpy', 'agents.models', 'agents.llm', 'django'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"[]\n"


class Own:
    """A tenant that has what the starter brings, and a default model."""

    def __init__(self, starter: Starter) -> None:
        self.names = {("crew", crew["slug"]) for crew in starter.crews} | {("model", "")}
        self.names |= {("crew", slug) for slug in starter.ready_made}
        self.names |= {("agent", agent["slug"]) for agent in starter.agents}
        self.names |= {("knowledge_base", base["slug"]) for base in starter.knowledge_bases}

    def has(self, kind: str, slug: str) -> bool:
        return (kind, slug) in self.names

    def inputs(self, workflow: str) -> dict[str, Any] | None:
        """Say that it is not known."""
        return None


@each_starter
def test_a_starter_is_valid_with_what_it_brings(starter: Starter) -> None:
    assert validate(starter.definition, Own(starter)) == []
    assert Draft202012Validator(definition_schema()).is_valid(starter.definition)


@each_starter
def test_the_tasks_of_a_starter_fit_its_agents_and_the_inputs_they_get(starter: Starter) -> None:
    agents = {agent["slug"] for agent in starter.agents}
    for crew in starter.crews:
        [node] = [n for n in starter.definition["nodes"] if n["config"].get("crew") == crew["slug"]]
        earlier: set[str] = set()
        for task in crew["tasks"]:
            assert task["agent"] in agents
            assert set(task["context"]) <= earlier
            assert set(re.findall(r"\{(\w+)\}", task["description"])) <= set(node["config"]["inputs"])
            earlier.add(task["slug"])
        assert set(node["config"]["outputs"]) <= earlier


@each_starter
def test_a_starter_takes_the_tenants_own_knowledge_base(starter: Starter) -> None:
    slots = {base["slug"]: "shelf" for base in starter.knowledge_bases}
    nodes = starter.definition_with({"knowledge_base": slots})["nodes"]
    used = [n["config"]["knowledge_base"] for n in nodes if n["type"] == "knowledge"]
    assert set(used) == ({"shelf"} if slots else set())
    assert starter.definition_with({}) == starter.definition
