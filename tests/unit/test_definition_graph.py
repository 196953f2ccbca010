"""The graph's answers are those of the plain definition of reachability, on any graph."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workflows.definitions.document import Definition
from workflows.definitions.graph import Graph

SIZE = 8
EDGES = st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)), max_size=20, unique=True)


def graph(edges):
    return Graph(
        Definition.model_validate(
            {
                "format": "nexod.workflow/1",
                "name": "g",
                "start": "n0",
                "nodes": [{"id": f"n{i}", "type": "template"} for i in range(SIZE)],
                "edges": [{"from": f"n{a}", "to": f"n{b}"} for a, b in edges],
            }
        )
    )


def ways(edges):
    """Return every pair that a way of at least one edge connects, by closing the relation step by step."""
    pairs = set(edges)
    while True:
        longer = pairs | {(a, d) for a, b in pairs for c, d in pairs if b == c}
        if longer == pairs:
            return pairs
        pairs = longer


@given(EDGES)
def test_what_can_precede_what(edges):
    found = graph(edges)
    pairs = {(a, b) for a in range(SIZE) for b in range(SIZE) if found.can_precede(f"n{a}", f"n{b}")}
    assert pairs == ways(edges)


@given(EDGES)
def test_what_can_be_reached(edges):
    reached = {0} | {b for a, b in ways(edges) if a == 0}
    assert graph(edges).reachable("n0") == {f"n{node}" for node in reached}


@given(EDGES)
def test_cycles_are_the_nodes_that_reach_themselves_grouped(edges):
    pairs = ways(edges)
    groups = {frozenset(f"n{b}" for b in range(SIZE) if {(a, b), (b, a)} <= pairs) for a in range(SIZE)} - {frozenset()}
    cycles = graph(edges).cycles
    assert {frozenset(cycle) for cycle in cycles} == groups
    assert len(cycles) == len(groups)
