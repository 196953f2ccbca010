"""Whether a document is a definition that can run: every problem, with its node and its field."""

from __future__ import annotations

from collections import Counter

from workflows.definitions.branching import branching_problems
from workflows.definitions.configs import config_problems
from workflows.definitions.document import LOOP, Definition, Node
from workflows.definitions.failure import failure_problems
from workflows.definitions.graph import Graph
from workflows.definitions.problems import DefinitionInvalid, limited
from workflows.definitions.reading import bounds, read
from workflows.definitions.scope import Scope
from workflows.definitions.shape import shaped
from workflows.nodes import registry
from workflows.nodes.base import ERROR, CheckedNode, Problem, References
from workflows.schemas import SchemaRefused, usable

RESERVED = frozenset(
    [
        "as",
        "break",
        "const",
        "continue",
        "else",
        "false",
        "for",
        "function",
        "if",
        "import",
        "in",
        "let",
        "loop",
        "namespace",
        "null",
        "package",
        "return",
        "true",
        "var",
        "void",
        "while",
    ]
)
"""Words that CEL does not take after a dot."""
UNSOUND = frozenset({"unknown_type", "bad_config", "bad_schema"})
"""Problems of a node that keep its templates, expressions and output from being read."""


def validate(document: object, references: References) -> list[Problem]:
    """Return every problem of ``document`` (parsed JSON, or its text); the first hundred when there are more."""
    definition, problems = _read(document)
    return problems if definition is None else limited(_problems(definition, references))


def validated(document: object, references: References) -> Definition:
    """Return the definition; raise DefinitionInvalid with every problem when it cannot run in this tenant."""
    definition, problems = _read(document)
    if definition is not None:
        problems = limited(_problems(definition, references))
    if definition is None or problems:
        raise DefinitionInvalid(problems)
    return definition


def parse(document: object) -> Definition:
    """Return the definition in a document that was validated when it was saved; raise DefinitionInvalid for another shape."""
    definition, problems = _read(document)
    if definition is None:
        raise DefinitionInvalid(problems)
    return definition


def _read(document: object) -> tuple[Definition | None, list[Problem]]:
    if isinstance(document, str | bytes):
        document, problems = read(document)
    else:
        problems = bounds(document)
    return (None, problems) if problems else shaped(document)


def _problems(definition: Definition, references: References) -> list[Problem]:
    structure = [*_id_problems(definition), *_edge_problems(definition), *_input_problems(definition)]
    graph = Graph(definition)
    sound = []
    nodes = []
    for node in definition.nodes:
        found = _node_problems(node, definition, references)
        nodes += found
        if not any(problem.code in UNSOUND for problem in found):
            sound.append(node)
    shape = [*_start_problems(definition, graph), *_cycle_problems(definition, graph), *failure_problems(definition)]
    shape += branching_problems(definition, graph, sound)
    return [*structure, *nodes, *shape, *Scope(definition, graph, sound, references).problems()]


def _id_problems(definition: Definition) -> list[Problem]:
    counted = Counter(node.id for node in definition.nodes)
    twice = [Problem("duplicate_id", f"{n} nodes have this id.", node, "id") for node, n in counted.items() if n > 1]
    reserved = [
        Problem("reserved_id", f"{node!r} is a word of the expression language; choose another id.", node, "id")
        for node in counted
        if node in RESERVED
    ]
    return twice + reserved


def _edge_problems(definition: Definition) -> list[Problem]:
    problems = []
    seen: set[tuple[str, str, str]] = set()
    for number, edge in enumerate(definition.edges):
        for end, node in (("from", edge.source), ("to", edge.target)):
            if node not in definition.by_id:
                message = f"The edge {edge.source} → {edge.target} names a node that does not exist: {node!r}."
                problems.append(Problem("unknown_node", message, edge.source, f"edges.{number}.{end}"))
            elif not _runs(definition.by_id[node]):
                message = f"{node!r} is a note: it never runs, so no edge may touch it."
                problems.append(Problem("edge_of_note", message, node, f"edges.{number}.{end}"))
        key = (edge.source, edge.target, edge.when)
        if key in seen:
            message = f"The edge {edge.source} → {edge.target} is there twice."
            problems.append(Problem("duplicate_edge", message, edge.source, f"edges.{number}"))
        seen.add(key)
    return problems


def _input_problems(definition: Definition) -> list[Problem]:
    try:
        schema = usable(definition.inputs)
    except SchemaRefused as refusal:
        return [Problem("bad_schema", str(refusal), field="inputs")]
    if schema.get("type") != "object":
        return [Problem("bad_schema", 'The schema of the inputs needs "type": "object".', field="inputs.type")]
    return []


def _node_problems(node: Node, definition: Definition, references: References) -> list[Problem]:
    if not registry.known(node.type):
        names = ", ".join(kind.type for kind in registry.all_types())
        return [Problem("unknown_type", f"There is no node type {node.type!r}; there are {names}.", node.id, "type")]
    problems = config_problems(node)
    if problems:
        return problems
    if node.type == LOOP and node.config["most"] >= definition.visits:
        message = f"{node.config['most']} rounds need limits.visits of more than that; it is {definition.visits}."
        return [Problem("bound_too_high", message, node.id, "config.most")]
    routes = frozenset(edge.when for edge in definition.leaving[node.id]) - {ERROR}
    return registry.get(node.type).check(CheckedNode(node.id, node.type, node.config, routes), references)


def _runs(node: Node) -> bool:
    return not registry.known(node.type) or registry.get(node.type).runs


def _start_problems(definition: Definition, graph: Graph) -> list[Problem]:
    if definition.start not in graph.number:
        return [Problem("unknown_node", f"The start {definition.start!r} is not a node.", field="start")]
    if not _runs(definition.by_id[definition.start]):
        return [Problem("start_is_note", "A run cannot start at a note.", field="start")]
    reachable = graph.reachable(definition.start)
    problems = [
        Problem("unreachable", f"No way leads from the start to {node.title or node.id!r}.", node.id)
        for node in definition.nodes
        if node.id not in reachable and _runs(node)
    ]
    if not any(node.type == "output" and node.id in reachable for node in definition.nodes):
        problems.append(Problem("no_output", "No way leads from the start to a node of type output.", field="nodes"))
    return problems


def _cycle_problems(definition: Definition, graph: Graph) -> list[Problem]:
    bounded = "visits" in definition.limits.model_fields_set
    problems = []
    for cycle in graph.cycles:
        names = " → ".join(cycle[:5]) + (" → …" if len(cycle) > 5 else "")
        chooses = any(edge.when for node in cycle for edge in definition.leaving[node])
        if not chooses or not graph.leaves(cycle):
            message = (
                f"The cycle {names} has no way out: it needs a condition or an approval with a route that leaves it, "
                "or an edge that is taken when a node fails."
            )
            problems.append(Problem("endless_cycle", message, cycle[0]))
        elif not bounded and not any(definition.by_id[node].type == LOOP for node in cycle):
            message = f"The cycle {names} needs a bound: set limits.visits, the most often that a node may run."
            problems.append(Problem("cycle_without_bound", message, cycle[0], "limits.visits"))
    return problems
