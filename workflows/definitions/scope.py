"""What templates and expressions may name: inputs, outputs of nodes that can have run before, visits and the run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from nexod.kernel.sandbox.templates import FUNCTIONS
from workflows.definitions.document import Definition, Node
from workflows.definitions.graph import Graph
from workflows.expressions import Checker
from workflows.expressions import names_in as names_in_expression
from workflows.nodes import registry
from workflows.nodes.base import ERROR, Expression, Json, Problem, References
from workflows.nodes.map import ITEM
from workflows.rendering import TemplateFailed
from workflows.rendering import names_in as names_in_template
from workflows.schemas import SchemaRefused, usable

METHODS = frozenset(
    [
        "items",
        "keys",
        "values",
        "get",
        "upper",
        "lower",
        "title",
        "capitalize",
        "strip",
        "lstrip",
        "rstrip",
        "split",
        "splitlines",
        "replace",
        "startswith",
        "endswith",
        "join",
        "format",
        "count",
        "find",
        "isdigit",
    ]
)
"""What templates may call on values: not fields."""
_SIGNATURES = {"string": "string", "integer": "int", "boolean": "bool", "object": "map<string, dyn>"}

FAILURE: Json = {
    "type": "object",
    "properties": {
        **{name: {"type": "string"} for name in ("code", "message", "node")},
        "attempts": {"type": "integer"},
        "details": {},
    },
}
"""What later nodes know of a node that failed and whose error edge was taken: ``nodes.<id>.error``."""


class Scope:
    """The names of one definition and their types, read from JSON Schemas; of ``sound`` nodes only, whose configs fit."""

    def __init__(self, definition: Definition, graph: Graph, sound: list[Node], references: References) -> None:
        self.definition = definition
        self.references = references
        self.graph = graph
        self.nodes = sound
        self.sound = {node.id: node for node in sound}
        self.outputs: dict[str, Json] = {}
        try:
            self.inputs = usable(definition.inputs)
        except SchemaRefused:
            self.inputs = {}

    def problems(self) -> list[Problem]:
        """Return what is wrong with the templates and expressions of the sound nodes."""
        expressions = [
            (node, f"config.{field}", found) for node in self.nodes for field, found in self._expressions(node)
        ]
        checker = Checker(self._types(found for _, _, found in expressions))
        problems = [problem for node in self.nodes for problem in self._template_problems(node)]
        for node, field, found in expressions:
            complaint = checker.complaint(found.source, found.gives)
            if complaint:
                problems.append(Problem("bad_expression", complaint, node.id, field))
            else:
                problems += self._name_problems(node, field, names_in_expression(found.source))
        return problems

    def _expressions(self, node: Node) -> list[tuple[str, Expression]]:
        kind = registry.get(node.type)
        taken = kind.taken(node.config, self.references)
        found = kind.expressions(node.config).items()
        return [(field, Expression(one.source, taken.get(field, one.gives))) for field, one in found]

    def _template_problems(self, node: Node) -> Iterator[Problem]:
        for name, source in registry.get(node.type).templates(node.config).items():
            field = f"config.{name}"
            try:
                yield from self._name_problems(node, field, names_in_template(source))
            except TemplateFailed as error:
                yield Problem("bad_template", f"The template is not valid: {error.message}", node.id, field)

    def _name_problems(self, node: Node, field: str, names: Iterable[str]) -> list[Problem]:
        found = ((self._complaint(node.id, name.split(".")), name) for name in sorted(names))
        return [Problem(code, message, node.id, field) for (code, message), _ in found if code]

    def _complaint(self, node: str, name: list[str]) -> tuple[str, str]:
        """Return code and message for a dotted name that the node may not or cannot use, else two empty texts."""
        root, rest = name[0], name[1:]
        if root not in ("inputs", "nodes", "visits", "run"):
            known = root in FUNCTIONS
            return (
                ("", "")
                if known
                else ("unknown_name", f"{root!r} is not known here; there are inputs, nodes, visits and run.")
            )
        if root == "run" or not rest:
            return "", ""
        if root == "inputs":
            return self._field_complaint("unknown_input", self.inputs, ["inputs"], rest)
        if rest[0] in METHODS and rest[0] not in self.graph.number:
            return "", ""
        if rest[0] not in self.graph.number:
            return "unknown_node", f"There is no node {rest[0]!r}."
        if root == "nodes" and not self.graph.can_precede(rest[0], node):
            return "runs_later", f"The node {rest[0]!r} can not have run before this one."
        return (
            self._field_complaint("unknown_field", self._seen(rest[0], node), name[:2], rest[1:])
            if root == "nodes"
            else ("", "")
        )

    def _field_complaint(self, code: str, schema: Json, place: list[str], rest: list[str]) -> tuple[str, str]:
        part: Any = schema
        for step in rest:
            properties = part.get("properties") if isinstance(part, dict) else None
            if not isinstance(properties, dict) or step in METHODS - set(properties):
                return "", ""
            if step not in properties:
                if part.get("additionalProperties") not in (None, False):
                    return "", ""
                if step == ERROR and len(place) == 2:
                    return code, f"{place[1]!r} has an error only where an edge leaves it by the route {ERROR!r}."
                fields = ", ".join(list(properties)[:20]) or "nothing"
                return code, f"There is no {step!r} in {'.'.join(place)}; it has {fields}."
            place, part = [*place, step], properties[step]
        return "", ""

    def _seen(self, node: str, by: str) -> Json:
        """Return the schema of what ``by`` sees of the node: the item, where it does the work of a map."""
        return ITEM if self.definition.repeated.get(by) == node else self._output(node)

    def _output(self, node: str) -> Json:
        if node not in self.outputs:
            found = self.sound.get(node)
            output = registry.get(found.type).output(found.config) if found else {}
            self.outputs[node] = _with_error(output) if self.definition.catches(node) else output
        return self.outputs[node]

    def _types(self, expressions: Iterable[Expression]) -> dict[str, str]:
        names = {name for expression in expressions for name in names_in_expression(expression.source)}
        types = {name: self._signature(name.split(".")) for name in names}
        return {name: signature for name, signature in types.items() if signature}

    def _signature(self, name: list[str]) -> str:
        if name[0] == "inputs" and len(name) > 1:
            return _signature(self.inputs, name[1:])
        if name[0] == "nodes" and len(name) > 2 and name[1] in self.graph.number:
            return _signature(self._output(name[1]), name[2:])
        return ""


def _with_error(output: Json) -> Json:
    return {**output, "properties": {**output["properties"], ERROR: FAILURE}} if "properties" in output else output


def _signature(schema: Any, path: list[str]) -> str:
    """Return the CEL type of what ``path`` leads to, or "" where the schema does not say."""
    for step in path:
        schema = schema.get("properties", {}).get(step) if isinstance(schema, dict) else None
    kind = schema.get("type") if isinstance(schema, dict) else None
    if kind == "array":
        return f"list<{_signature(schema.get('items', {}), []) or 'dyn'}>"
    return _SIGNATURES.get(kind, "") if isinstance(kind, str) else ""
