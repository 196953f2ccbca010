"""One more step of a chain in LangGraph alone, durability sync: our saver in a tenant's schema against PostgresSaver."""

from __future__ import annotations

import os

from benchmarks import floors, world
from benchmarks.durable_step import LONG, SHORT, in_turn
from benchmarks.figure import Figure
from tenants.backend.raw import close_pool

GOAL = 0.6


def measure() -> Figure:
    """Time chains of 5 and of 15 trivial nodes with both savers and one that keeps nothing, in turn."""
    from workflows.engine.checkpoints import open_saver

    rounds = max(15, int(os.environ.get("NEXOD_BENCH_ROUNDS", "25")))
    with floors.connection() as opened, open_saver(world.tenant(0)) as ours:
        savers = {"nexod": ours, "peer": floors.postgres_saver(opened), "idle": floors.idle_saver()}
        sides = {name: (floors.chain(SHORT, saver), floors.chain(LONG, saver)) for name, saver in savers.items()}
        taken = in_turn(sides, rounds)
        commit = floors.commit_ms(opened)
    close_pool()  # or it tells how it misses the stores when they are stopped
    value, peer, floor = taken["nexod"], taken["peer"], taken["idle"] + commit
    ratio = value / peer
    return Figure(
        "checkpoint", value, "ms", f"at most {GOAL} x PostgresSaver, the same graph", ratio <= GOAL,
        floor=floor, peer=peer, ratio=ratio,
        detail=f"PostgresSaver {peer:.2f} ms, floor {floor:.2f} ms ({value / floor:.2f} x), {rounds} rounds in turn",
    )  # fmt: skip
