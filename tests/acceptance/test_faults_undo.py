"""A worker that is killed while it undoes a run: another one goes on, and nothing is undone twice."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any
from uuid import UUID

from tests.faults import Start, World, figure, how_many, numbered, start, until, until_status, world
from tests.sink import Answer
from tests.workbench import Bench, definition, node, output

__all__ = ["start", "world"]

ORDERS = ("a", "b", "c", "d")
SLOW = Answer(hang_s=0.15)


def orders(world: World) -> dict[str, Any]:
    """Four orders that can be taken back, and a step that fails."""
    at = f"{world.sink.url()[:-1]}/{{{{ run.id }}}}"
    made = [node(n, "http", {"method": "PUT", "url": f"{at}/{n}"}, undo=f"un{n}") for n in ORDERS]
    undos = [node(f"un{n}", "http", {"method": "DELETE", "url": f"{at}/{n}"}) for n in ORDERS]
    fails = node("fails", "template", {"template": "{{ 1 // 0 }}"})
    ways = [*(f"{one} {two}" for one, two in pairwise(ORDERS)), "d fails", "fails end"]
    return definition([*made, fails, output(), *undos], ways)


def test_nothing_is_undone_twice_whenever_the_worker_is_killed(bench: Bench, start: Start, world: World) -> None:
    """A request that was on its way when the worker died is sent again under the same Idempotency-Key, and under no other."""
    kills = how_many(2)
    runs: list[UUID] = []
    worker = start(lease_s=1)
    for _ in range(kills):
        world.sink.answer(*[SLOW] * 2 * len(ORDERS))
        run = bench.start(orders(world))
        runs.append(run)
        until(lambda run=run: "run.compensating" in bench.types(run), "the run is undone")
        time.sleep(random.uniform(0, 0.6))
        worker.kill()
        worker = start(lease_s=1)
        until(lambda run=run: bench.run(run).is_over, "another worker goes on")
    keys: dict[str, Counter[str]] = defaultdict(Counter)
    for seen in world.sink.requests:
        if seen.method == "DELETE":
            keys[seen.path][seen.key] += 1
    for run in runs:
        found = until_status(bench, run, "failed")
        assert [undone["node"] for undone in found.compensation["undone"]] == ["d", "c", "b", "a"]
        assert [len(keys[f"/{run}/{order}"]) for order in ORDERS] == [1] * len(ORDERS)
        assert bench.types(run).count("run.compensating") == bench.types(run).count("run.compensated") == 1
        assert numbered(bench, run)
    sent = sum(sum(counts.values()) for counts in keys.values())
    figure("killed while undoing", runs=kills, undone_twice=0, sent_again=sent - kills * len(ORDERS))
