"""A plain interpreter of definitions that only compute, written without the engine: what a run must give."""

from __future__ import annotations

from typing import Any

from workflows.definitions import Definition, Node
from workflows.definitions.graph import Graph
from workflows.expressions import evaluate, truth
from workflows.rendering import render

Json = dict[str, Any]


class Overrun(Exception):
    """A node was visited more often than it may be."""


class Interpreter:
    """Walks a definition breadth first; a node where branches meet runs once everything before it that runs has run."""

    def __init__(self, definition: Definition, inputs: Json) -> None:
        self.definition = definition
        self.inputs = inputs
        self.nodes: dict[str, Json] = {}
        self.visits: dict[str, int] = {}
        self.order: list[str] = []

    def outputs(self) -> Json:
        """Return the outputs of all output nodes together."""
        ready = [self.definition.start]
        while ready:
            # A meeting point waits as long as anything else can still run: as a deferred node does.
            first = next((n for n in ready if not self._meets(n)), None) or self._earliest(ready)
            ready.remove(first)
            for after in self._visit(self.definition.by_id[first]):
                if after not in ready:
                    ready.append(after)
        ends = [node for node in self.definition.nodes if node.type == "output" and node.id in self.nodes]
        return {name: value for node in ends for name, value in self.nodes[node.id]["outputs"].items()}

    def _earliest(self, ready: list[str]) -> str:
        """Return the meeting point to which no other one leads."""
        graph = Graph(self.definition)
        return next(n for n in ready if not any(graph.can_precede(other, n) for other in ready if other != n))

    def _meets(self, node: str) -> bool:
        forks = any(
            sum(e.source == edge.source and e.when == edge.when for e in self.definition.edges) > 1
            for edge in self.definition.edges
        )
        return forks and sum(edge.target == node for edge in self.definition.edges) > 1

    def _visit(self, node: Node) -> list[str]:
        self.visits[node.id] = self.visits.get(node.id, 0) + 1
        if self.visits[node.id] > self.definition.visits:
            raise Overrun(node.id)
        self.order.append(node.id)
        output, route = getattr(self, f"_{node.type}")(node)
        self.nodes[node.id] = output
        leaving = self.definition.leaving[node.id]
        chosen = [edge.target for edge in leaving if edge.when == route]
        return chosen or [edge.target for edge in leaving if edge.when == ""]

    def _values(self, **nodes: Json) -> Json:
        everything = {node.id: 0 for node in self.definition.nodes}
        run = {"id": "r", "title": "t", "kind": "workflow"}
        return {
            "inputs": self.inputs,
            "nodes": {**self.nodes, **nodes},
            "visits": {**everything, **self.visits},
            "run": run,
        }

    def _value(self, value: Json, **nodes: Json) -> Any:
        values = self._values(**nodes)
        return render(value["template"], values) if "template" in value else evaluate(value["cel"], values)

    def _transform(self, node: Node, **nodes: Json) -> tuple[Json, str]:
        return {name: self._value(value, **nodes) for name, value in node.config["values"].items()}, ""

    def _template(self, node: Node) -> tuple[Json, str]:
        return {"text": render(node.config["template"], self._values())}, ""

    def _condition(self, node: Node) -> tuple[Json, str]:
        cases = (case["route"] for case in node.config["cases"] if truth(case["when"], self._values()))
        route = next(cases, node.config["default"])
        return {"route": route}, route

    def _switch(self, node: Node) -> tuple[Json, str]:
        value = evaluate(node.config["value"], self._values())
        cases = (case["route"] for case in node.config["cases"] if value in case["equals"])
        route = next(cases, node.config["default"])
        return {"route": route}, route

    def _loop(self, node: Node) -> tuple[Json, str]:
        before = self.nodes.get(node.id, {})
        rounds = before["rounds"] if before.get("route") == "again" else 0
        if truth(node.config["while"], self._values()) and rounds < node.config["most"]:
            return {"route": "again", "rounds": rounds + 1, "exhausted": False}, "again"
        exhausted = truth(node.config["while"], self._values())
        return {"route": "done", "rounds": rounds, "exhausted": exhausted}, "done"

    def _map(self, node: Node) -> tuple[Json, str]:
        items = evaluate(node.config["items"], self._values())
        each = self.definition.by_id[node.config["each"]]
        results = [
            self._transform(each, **{node.id: {"item": item, "index": index, "count": len(items)}})[0]
            for index, item in enumerate(items)
        ]
        return {"results": results, "failed": [], "count": len(items)}, ""

    def _join(self, node: Node) -> tuple[Json, str]:
        return {"arrived": []}, ""

    def _output(self, node: Node) -> tuple[Json, str]:
        outputs = {name: self._value(value) for name, value in node.config["outputs"].items()}
        return {"outputs": outputs}, ""
