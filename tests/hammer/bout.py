"""One bout: processes started, visits made until the requests are counted, everything looked at that was left behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import ModuleType

from django_redis import get_redis_connection

from nexod.kernel.queue import QUEUES
from tests.hammer import faults, listeners, loads
from tests.hammer.judge import Judge
from tests.hammer.nursery import Nursery, until_ready
from tests.hammer.resident import Resident
from tests.hammer.sweeps import logs, media, rows, valkey
from tests.hammer.visitor import Interrupted, Town, Visitor

CLIENTS = 16
OPENING = 3
"""So often each kind has its turn before the dice decide: a short bout has them all."""
TELL_EVERY_S = 10.0
DRAINED_S, PLANTED_DRAINED_S = 60.0, 3.0
POLL_S = 0.05
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted: how many requests, and what was planted, if anything. ``enough`` leaks end the bout."""

    requests: int
    plant: str = ""
    servers: int = 2
    enough: int = 0
    seed: int = 1


@dataclass
class Ring:
    """Where bouts are fought: the tenants, the process that others are forked from, and a folder for logs."""

    residents: list[Resident]
    outcast: Resident
    nursery: Nursery
    folder: Path
    progress: Progress

    def fight(self, order: Order) -> Judge:
        """Hammer, look at everything afterwards, and return what the judge counted."""
        everybody = [*self.residents, self.outcast]
        judge, folder = Judge(everybody), self.folder / (order.plant or "clean")
        folder.mkdir(parents=True)
        valkey.empty()
        with self._processes(order, folder) as ports:
            town = Town(self.residents, self.outcast, ports, judge, Random(order.seed))
            asyncio.run(_hammer(town, order, self.progress))
            _drained(PLANTED_DRAINED_S if order.plant else DRAINED_S)
        rows.sweep(judge, everybody)
        media.sweep(judge, everybody)
        valkey.sweep(judge, everybody)
        logs.sweep(judge, folder.glob("*.log"))
        return judge

    @contextmanager
    def _processes(self, order: Order, folder: Path) -> Iterator[list[int]]:
        names = [f"server{number}" for number in range(order.servers)] + ["worker"]
        pids = []
        try:
            for name in names:
                kind, ready, log = name.rstrip("0123456789"), folder / name, folder / f"{name}.log"
                pids.append(self.nursery.start(kind, ready, log, order.plant))
            told = [until_ready(folder / name, folder / f"{name}.log") for name in names]
            yield [int(port) for port in told[:-1]]
        finally:
            for pid in pids:
                self.nursery.end(pid)


async def _hammer(town: Town, order: Order, progress: Progress) -> None:
    opening = list(loads.KINDS) * OPENING
    async with town.open():
        around = [
            faults.kill_connections(town),
            faults.exhaust_pools(town),
            _tell(town, order, progress),
            *(listeners.listen(town, number) for number in range(listeners.LISTENERS)),
        ]
        clients = [_visit_until_done(town, order, opening) for _ in range(CLIENTS)]
        tasks = [asyncio.create_task(work) for work in (*around, *clients)]
        try:
            await _done(tasks[len(around) :], town, order)
        finally:
            await _cancelled(tasks)


async def _done(clients: list[asyncio.Task[None]], town: Town, order: Order) -> None:
    """Wait for the clients, or only for enough leaks: what was planted may keep a client waiting for what never comes."""
    waiting = set(clients)
    while waiting and not (order.enough and town.judge.leak_count >= order.enough):
        ended, waiting = await asyncio.wait(waiting, timeout=POLL_S)
        for client in ended:
            client.result()


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


async def _visit_until_done(town: Town, order: Order, opening: list[ModuleType]) -> None:
    weights = [kind.WEIGHT for kind in loads.KINDS]
    while town.judge.requests < order.requests:
        kind = opening.pop() if opening else town.dice.choices(loads.KINDS, weights)[0]
        began = time.monotonic()
        with suppress(Interrupted):  # the judge knows
            await kind.visit(Visitor(town, town.somebody(), kind.NAME))
        town.judge.tallies[kind.NAME].seconds += time.monotonic() - began


async def _tell(town: Town, order: Order, progress: Progress) -> None:
    began = time.monotonic()
    while True:
        await asyncio.sleep(TELL_EVERY_S)
        done, rate = town.judge.requests, town.judge.requests / (time.monotonic() - began)
        left_min = max(0, order.requests - done) / rate / 60 if rate else 0
        progress(
            f"{done:>9,} of {order.requests:,}  {rate:.0f}/s  {town.judge.leak_count} leaks  {left_min:.1f} min left"
        )


def _drained(within_s: float) -> None:
    """Wait until the workers have taken every message and are done with it."""
    broker, until = get_redis_connection("default"), time.monotonic() + within_s
    names = [f"nexod.celery.{name}" for name in (*QUEUES, "unacked")]
    while any(broker.exists(name) for name in names) and time.monotonic() < until:
        time.sleep(0.1)
