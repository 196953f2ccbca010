"""Workers die while they start, messages vanish, and only the sweeper is left: a run is taken up all the same, and soon."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread
from uuid import UUID

from django.conf import settings
from django_redis import get_redis_connection
from redis import Redis

from nexod.kernel.queue import RUN_QUEUES
from tenants.actions.tickets import TIMES
from tenants.sweeper import EVERY_S, HASTENED_EVERY
from tests.faults import (
    LONG,
    Start,
    World,
    figure,
    how_many,
    log,
    numbered,
    percentile,
    start,
    until,
    until_status,
    world,
)
from tests.probe import probe
from tests.workbench import Bench, definition, output

__all__ = ["log", "start", "world"]
SEED = 41
LEASE_S = 2.0
# Looked for in vain, seen a moment later that nothing waits, and sent by the next sweep.
BOUND_S = TIMES["first"] + (HASTENED_EVERY + 2) * EVERY_S
# A machine that is busy with other tests is given more time; ``make faults`` is not.
SLACK_S = 0.0 if LONG in os.environ else 60.0
# Four messages of a pause that doubled: after 5, 10, 20 and 40 s; the next would come at 80.
STOLEN_S = 42.0


class Zombie(Thread):
    """A consumer that the broker still believes in, although nobody is there: it takes messages and does nothing with them."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.client = Redis.from_url(settings.REDIS_URL, single_connection_client=True, socket_timeout=None)
        self.id = self.client.client_id()
        self.over = Event()
        self.taken = 0
        self.start()

    def run(self) -> None:
        keys = [f"nexod.celery.{queue}" for queue in RUN_QUEUES]
        while not self.over.is_set():
            self.taken += self.client.brpop(keys, timeout=0) is not None
        self.client.close()


@contextmanager
def zombies(many: int) -> Iterator[list[Zombie]]:
    """Let these wait for messages inside the block; who waits longest gets the next, and workers begin anew every second."""
    found = [Zombie() for _ in range(many)]
    try:
        yield found
    finally:
        for zombie in found:
            zombie.over.set()
            while zombie.is_alive():
                get_redis_connection("default").client_unblock(zombie.id)
                zombie.join(timeout=0.05)


def stillborn(world: World, folder: Path, lives_s: float) -> None:
    """Fork a worker, and kill it so long after, ready or not."""
    folder.mkdir()
    paths = {"ready": str(folder / "ready"), "log": str(folder / "log")}
    pid = world.nursery.ask(**paths, threads=2, limits={"lease_s": LEASE_S})
    time.sleep(lives_s)
    os.kill(pid, signal.SIGKILL)
    world.nursery.ask(wait=pid)


def taken_up(bench: Bench, run: UUID, slug: str) -> bool:
    return bench.run(run, slug=slug).status != "pending"


def test_a_worker_that_starts_among_dead_ones_takes_the_run_up(
    bench: Bench, start: Start, world: World, tmp_path: Path, log: Path
) -> None:
    """Killed at random points of their start, before and after they can take a message; each round has one that lives."""
    chance, taken_s, died_ready = random.Random(SEED), [], 0
    rounds = how_many(4)
    chain = definition([probe("one", log=str(log)), output()])
    for number in range(rounds):
        slug = ("acme", "globex")[number % 2]
        run = bench.start(chain, slug=slug)
        for life in range(2):
            folder = tmp_path / f"dead{number}-{life}"
            stillborn(world, folder, chance.uniform(0, 2.5))
            died_ready += (folder / "ready").exists()
        worker = start(lease_s=LEASE_S)
        began = time.monotonic()
        until_status(bench, run, "completed", slug=slug, seconds=BOUND_S + LEASE_S + SLACK_S)
        taken_s.append(time.monotonic() - began)
        assert numbered(bench, run, slug=slug)
        worker.kill()
    figure(
        "killed while they start", rounds=rounds, killed=2 * rounds, of_them_ready=died_ready, lost=0,
        done_p50_s=percentile(taken_s, 0.5), done_max_s=max(taken_s), bound_s=BOUND_S + LEASE_S,
    )  # fmt: skip


def test_whatever_messages_were_lost_a_run_is_taken_up_within_the_bound(bench: Bench, start: Start, log: Path) -> None:
    """All messages of many sweeps vanish; the pause until the next does not grow with how many that were."""
    chain = definition([probe("one", log=str(log)), output()])
    with zombies(30) as hungry:
        start(lease_s=LEASE_S)
        runs = {bench.start(chain, slug=slug): slug for slug in ("acme", "globex", "acme")}
        time.sleep(STOLEN_S)
        left = [run for run, slug in runs.items() if not taken_up(bench, run, slug)]
    began = time.monotonic()
    for run, slug in runs.items():
        until(partial(taken_up, bench, run, slug), "it is taken up", seconds=BOUND_S + min(SLACK_S, 20))
    taken_s = time.monotonic() - began
    for run, slug in runs.items():
        until_status(bench, run, "completed", slug=slug, seconds=60)
    lost = sum(zombie.taken for zombie in hungry)
    figure("messages lost", for_s=STOLEN_S, messages=lost, runs=len(left), lost=0, taken_up_s=taken_s, bound_s=BOUND_S)
    assert left, "the worker was quicker than everybody"
    assert log.read_text().split() == ["one"] * 3
