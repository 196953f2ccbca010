"""One bout: processes started, visits made until the requests are counted, everything looked at that was left behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.hammer import loads
from tests.hammer.judge import Judge
from tests.hammer.nursery import Nursery, until_ready
from tests.hammer.resident import Resident
from tests.hammer.visitor import Interrupted, Town, Visitor

CLIENTS = 16
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted: how many requests, and what was planted, if anything. ``enough`` leaks end the bout."""

    requests: int
    plant: str = ""
    servers: int = 2
    enough: int = 0
    seed: int = 1


def fight(order: Order, residents: list[Resident], outcast: Resident, nursery: Nursery, folder: Path) -> Judge:
    """Hammer, and return what the judge counted."""
    judge = Judge([*residents, outcast])
    with _processes(order, nursery, folder) as ports:
        town = Town(residents, outcast, ports, judge, Random(order.seed))
        asyncio.run(_hammer(town, order))
    return judge


@contextmanager
def _processes(order: Order, nursery: Nursery, folder: Path) -> Iterator[list[int]]:
    names = [f"server{number}" for number in range(order.servers)] + ["worker"]
    folder.mkdir()
    pids = [
        nursery.start(name.rstrip("0123456789"), folder / name, folder / f"{name}.log", order.plant) for name in names
    ]
    try:
        told = [until_ready(folder / name, folder / f"{name}.log") for name in names]
        yield [int(port) for port in told[:-1]]
    finally:
        for pid in pids:
            nursery.end(pid)


async def _hammer(town: Town, order: Order) -> None:
    began = time.monotonic()
    async with town.open(), asyncio.TaskGroup() as clients:
        for _ in range(CLIENTS):
            clients.create_task(_visit_until_done(town, order))
    print(time.monotonic() - began, town.judge.requests)


async def _visit_until_done(town: Town, order: Order) -> None:
    weights = [kind.WEIGHT for kind in loads.KINDS]
    while town.judge.requests < order.requests:
        if order.enough and town.judge.leak_count >= order.enough:
            return
        (kind,) = town.dice.choices(loads.KINDS, weights)
        visitor = Visitor(town, town.dice.choice(town.residents), kind.NAME)
        try:
            await kind.visit(visitor)
        except Interrupted:
            continue
