"""One more step of a run, committed and resumable with its Step row and events, against LangGraph's PostgresSaver alone."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from benchmarks import floors, world
from benchmarks.figure import Figure
from tenants.context import enter_tenant

GOAL, STRETCH = 0.6, 1.3
SHORT, LONG, WARM_UP = 5, 15, 3
Run = Callable[[], float]


def measure() -> Figure:
    """Time chains of 5 and of 15 trivial nodes, all sides in turn; the difference is what ten steps cost."""
    rounds = max(5, int(os.environ.get("NEXOD_BENCH_ROUNDS", "15")))
    with floors.connection() as opened:
        postgres, idle = floors.postgres_saver(opened), floors.idle_saver()
        sides = {
            "nexod": (_engine(SHORT), _engine(LONG)),
            "peer": (floors.chain(SHORT, postgres), floors.chain(LONG, postgres)),
            "idle": (floors.chain(SHORT, idle), floors.chain(LONG, idle)),
        }
        steps = in_turn(sides, rounds)
        floor = steps["idle"] + floors.commit_ms(opened)
    value, peer = steps["nexod"], steps["peer"]
    ratio = value / peer
    return Figure(
        "durable_step", value, "ms", f"at most {GOAL} x PostgresSaver alone", ratio <= GOAL,
        floor=floor, peer=peer, ratio=ratio,
        detail=f"PostgresSaver alone {peer:.2f} ms, floor {floor:.2f} ms ({value / floor:.2f} x; stretch {STRETCH} x)",
    )  # fmt: skip


def in_turn(sides: dict[str, tuple[Run, Run]], rounds: int) -> dict[str, float]:
    """Return for each side the median milliseconds of one step more."""
    for _ in range(WARM_UP):
        for short, long in sides.values():
            short(), long()
    taken = [{name: long() - short() for name, (short, long) in sides.items()} for _ in range(rounds)]
    return {name: statistics.median(one[name] for one in taken) / (LONG - SHORT) for name in sides}


def _engine(length: int) -> Run:
    """Return what advances a new run of our engine through a chain of templates, in this process."""
    from workflows.actions.runs import start_run
    from workflows.engine.loop import advance

    tenant, workflow = world.tenant(0), world.workflow(0, f"Chain of {length}", chain_of_templates(length))

    def run() -> float:
        with enter_tenant(tenant):
            started = start_run(actor=world.owner(0), workflow=workflow, inputs={})
            began = time.perf_counter()
            advance(started.id)
            return (time.perf_counter() - began) * 1000

    return run


def chain_of_templates(length: int) -> dict[str, Any]:
    """Return the definition of a chain of nodes that say one word, and an output."""
    names = [f"n{number}" for number in range(length - 1)]
    return {
        "format": "nexod.workflow/1",
        "name": "Chain",
        "inputs": {"type": "object", "properties": {}},
        "start": names[0],
        "nodes": [
            *({"id": name, "type": "template", "config": {"template": "done"}} for name in names),
            {"id": "end", "type": "output", "config": {"outputs": {"word": {"template": "done"}}}},
        ],
        "edges": [{"from": one, "to": two} for one, two in pairwise([*names, "end"])],
    }
