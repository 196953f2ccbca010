"""Whatever a valid definition looks like, a run gives what a plain interpreter of it gives."""

from __future__ import annotations

import itertools
import os
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.definitions import Everything
from tests.interpreter import Interpreter
from tests.workbench import Bench
from workflows.definitions import parse, validate

Json = dict[str, Any]
EXAMPLES = int(os.environ.get("NEXOD_GRAPHS", "40"))


class Graphs:
    """Builds a definition as a sequence of blocks; each has one way in and one way out, so that everything is reachable."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.nodes: list[Json] = []
        self.edges: list[Json] = []
        self._ids = (f"n{number}" for number in itertools.count())

    def node(self, type_: str, config: Json) -> str:
        name = next(self._ids)
        self.nodes.append({"id": name, "type": type_, "config": config})
        return name

    def edge(self, source: tuple[str, str], target: str) -> None:
        self.edges.append({"from": source[0], "to": target, **({"when": source[1]} if source[1] else {})})

    def value(self, known: list[str]) -> str:
        """Return an expression that gives a number: an input, a literal, or what an earlier node gave, changed a little."""
        base = self.draw(st.sampled_from(["inputs.a", "inputs.b", "3", *(f"nodes.{name}.v" for name in known[-3:])]))
        change = self.draw(st.sampled_from(["", " + 1", " * 2", " - inputs.a"]))
        return f"({base}{change}) % 1000"

    def transform(self, known: list[str]) -> tuple[str, tuple[str, str]]:
        values = {"v": {"cel": self.value(known)}, "t": {"template": "{{ inputs.b }}"}}
        name = self.node("transform", {"values": values})
        known.append(name)
        return name, (name, "")

    def block(self, known: list[str], depth: int) -> tuple[str, tuple[str, str]]:
        """Return the first node and the way out of a new block."""
        kinds = ["transform", "map", *(["condition", "switch", "fork", "loop", "pair"] if depth else [])]
        kind = self.draw(st.sampled_from(kinds))
        return self.transform(known) if kind == "transform" else getattr(self, f"_{kind}")(known, depth)

    def _map(self, known: list[str], depth: int) -> tuple[str, tuple[str, str]]:
        each = self.node("transform", {})
        whole = self.node("map", {"items": f"[inputs.a, {self.value(known)}, 7]", "each": each, "at_once": 3})
        self.nodes[-2]["config"] = {"values": {"v": {"cel": f"nodes.{whole}.item * 2 + nodes.{whole}.index"}}}
        after = self.node("transform", {"values": {"v": {"cel": f"nodes.{whole}.results[1].v"}}})
        self.edge((whole, ""), after)
        known.append(after)
        return whole, (after, "")

    def _pair(self, known: list[str], depth: int) -> tuple[str, tuple[str, str]]:
        first, out = self.block(known, depth - 1)
        second, end = self.block(known, depth - 1)
        self.edge(out, second)
        return first, end

    def _condition(self, known: list[str], depth: int) -> tuple[str, tuple[str, str]]:
        choice = self.node(
            "condition", {"cases": [{"route": "yes", "when": f"{self.value(known)} > 5"}], "default": "no"}
        )
        return self._chosen(choice, ["yes", "no"], known, depth)

    def _switch(self, known: list[str], depth: int) -> tuple[str, tuple[str, str]]:
        cases = [{"route": "one", "equals": [1, 2]}, {"route": "two", "equals": [3]}]
        choice = self.node("switch", {"value": self.value(known), "cases": cases, "default": "else"})
        return self._chosen(choice, ["one", "two", "else"], known, depth)

    def _chosen(self, choice: str, routes: list[str], known: list[str], depth: int) -> tuple[str, tuple[str, str]]:
        """Let each route do something of its own; what comes after knows nothing of that."""
        end = self.node("template", {"template": "x"})
        for route in routes:
            first, out = self.block(list(known), depth - 1)
            self.edge((choice, route), first)
            self.edge(out, end)
        return choice, (end, "")

    def _fork(self, known: list[str], depth: int) -> tuple[str, tuple[str, str]]:
        start = self.node("template", {"template": "x"})
        end = self.node("join", {})
        inner: list[str] = []
        for _ in range(self.draw(st.integers(2, 3))):
            branch = list(known)
            first, out = self.block(branch, depth - 1)
            self.edge((start, ""), first)
            self.edge(out, end)
            inner += branch[len(known) :]
        known += inner
        return start, (end, "")

    def _loop(self, known: list[str], depth: int) -> tuple[str, tuple[str, str]]:
        most = self.draw(st.integers(1, 3))
        gate = self.node("loop", {"while": "inputs.a != 4", "most": most})
        first, out = self.block(list(known), 0)
        self.edge((gate, "again"), first)
        self.edge(out, gate)
        return gate, (gate, "done")


@st.composite
def definitions(draw: Any) -> Json:
    made, known = Graphs(draw), list[str]()
    start, out = made.block(known, draw(st.integers(0, 3)))
    outputs = {f"o{i}": {"cel": f"nodes.{name}.v"} for i, name in enumerate(known)} or {"o": {"cel": "1"}}
    end = made.node("output", {"outputs": outputs})
    made.edge(out, end)
    inputs = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}
    document = {"format": "nexod.workflow/1", "name": "Random", "inputs": inputs, "start": start}
    return {**document, "nodes": made.nodes, "edges": made.edges}


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(definitions(), st.integers(0, 9), st.integers(0, 9))
def test_a_run_gives_what_a_plain_interpreter_gives(bench: Bench, document: Json, a: int, b: int) -> None:
    assert validate(document, Everything()) == []
    expected = Interpreter(parse(document), {"a": a, "b": b})
    outputs = expected.outputs()
    run = bench.ran(document, {"a": a, "b": b})
    assert run.error is None
    assert run.outputs == outputs
    visited = sorted(step.node for step in bench.steps(run.id) if step.part_of_id is None)
    assert visited == sorted(expected.order)
