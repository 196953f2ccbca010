"""A run from its start to its end: rows, events, outputs, usage; and what the other tenant does not see."""

from __future__ import annotations

from tests.workbench import Bench, choose, definition, output, text


def test_a_chain_completes(bench: Bench) -> None:
    run = bench.ran(
        definition([text("a", "On {{ inputs.topic }}"), text("b", "{{ nodes.a.text }}!"), output(said="{{ nodes.b.text }}")])
    )
    assert run.status == "completed"
    assert run.outputs == {"said": "On tides!"}
    assert bench.types(run.id) == [
        "run.created",
        "run.started",
        *["step.started", "step.completed"] * 3,
        "run.completed",
    ]
