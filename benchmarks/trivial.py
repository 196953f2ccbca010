"""The run that several figures measure: five trivial steps, started over HTTP and watched over SSE."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any

from benchmarks import served, world

STEPS = 5


@cache
def start_path() -> str:
    """Return where a run of it is started."""
    return f"/api/v1/workflows/{world.workflow(0, 'Trivial', definition()).pk}/runs"


def runner(*, in_two: bool = False) -> Callable[[], float]:
    """Return what one client does: start a run and watch it to its end, in one request or ``in_two``; it gives the
    milliseconds from the one to the other."""
    client, path = served.site().client(), start_path()

    def run() -> float:
        began = time.perf_counter()
        if in_two:
            status = client.watch(client.post(path, {"inputs": {}}, expects=202)["id"])
        else:
            status = client.start_and_watch(path, {"inputs": {}})
        taken_ms = (time.perf_counter() - began) * 1000
        client.finish()
        if status != "completed":
            raise RuntimeError(f"A run ended as {status}.")
        return taken_ms

    return run


def definition() -> dict[str, Any]:
    """Return template, condition, template, condition, output."""
    return {
        "format": "nexod.workflow/1",
        "name": "Trivial",
        "inputs": {"type": "object", "properties": {"topic": {"type": "string", "default": "tides"}}},
        "start": "a",
        "nodes": [_template("a"), _condition("b"), _template("c"), _condition("d"), _output("e")],
        "edges": [
            {"from": "a", "to": "b"},
            {"from": "b", "to": "c", "when": "on"},
            {"from": "c", "to": "d"},
            {"from": "d", "to": "e", "when": "on"},
        ],
    }


def _template(name: str) -> dict[str, Any]:
    return {"id": name, "type": "template", "config": {"template": "About {{ inputs.topic }}"}}


def _condition(name: str) -> dict[str, Any]:
    config = {"cases": [{"route": "on", "when": "inputs.topic == 'tides'"}], "default": "on"}
    return {"id": name, "type": "condition", "config": config}


def _output(name: str) -> dict[str, Any]:
    return {"id": name, "type": "output", "config": {"outputs": {"text": {"cel": "nodes.c.text"}}}}
