"""What it costs that each request may be for another tenant: many tenants against two, and two walls against one."""

from __future__ import annotations

import logging
import os
import random
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, connections
from django.test import Client

from benchmarks import world
from benchmarks.figure import Figure
from tenants.accounts.models import User
from tenants.backend.base import DatabaseWrapper
from tenants.context import enter_tenant
from tenants.schema import OWNER

GOAL_RATIO, GOAL_WALL = 0.9, 0.05
PATH, REQUESTS, QUERIES, REPEATS = "/api/v1/workflows", 20, 200, 75


@dataclass(frozen=True)
class Round:
    """Microseconds that one piece of work took: over many tenants, over two, and over many behind one wall only."""

    many: float
    few: float
    one_wall: float


def measure() -> Figure:
    """Ask for a list in NEXOD_BENCH_TENANTS tenants (1,000) and in two, through the whole stack in this process."""
    number = int(os.environ.get("NEXOD_BENCH_TENANTS", "1000"))
    keys = [world.api_key(index) for index in range(number)]
    browser = Client()
    before, logging.root.manager.disable = logging.root.manager.disable, logging.INFO
    settings.ALLOWED_HOSTS = ["*"]

    def request(index: int) -> None:
        headers = {"host": f"bench{index}.test", "authorization": f"Bearer {keys[index]}"}
        assert browser.get(PATH, headers=headers).status_code == 200

    def query(index: int) -> None:
        with enter_tenant(world.tenant(index)):
            User.objects.filter(is_active=True).exists()

    try:
        requests = _rounds(request, number, REQUESTS)
        queries = _rounds(query, number, QUERIES)
    finally:
        logging.root.manager.disable = before
    return _figure(number, requests, queries)


def _figure(number: int, requests: list[Round], queries: list[Round]) -> Figure:
    ratio, wall = _ratio(requests), _wall(requests)
    many, few = (1e6 / statistics.median(taken) for taken in zip(*((r.many, r.few) for r in requests), strict=True))
    detail = (
        f"{number} tenants against 2; second wall {wall:+.1%} of a request, {_wall(queries):+.1%} of one query with its"
        f" switch; one query over many {_ratio(queries):.2f} x over two"
    )
    goal = f"ratio at least {GOAL_RATIO}, second wall under {GOAL_WALL:.0%}"
    met = ratio >= GOAL_RATIO and wall < GOAL_WALL
    return Figure("tenant_switch", many, "requests/s", goal, met, peer=few, ratio=ratio, detail=detail)


def _ratio(rounds: list[Round]) -> float:
    """Return the median of each round's own ratio: what else the machine does meets both sides alike."""
    return statistics.median(taken.few / taken.many for taken in rounds)


def _wall(rounds: list[Round]) -> float:
    return statistics.median(taken.many / taken.one_wall for taken in rounds) - 1


def _rounds(work: Any, number: int, times: int) -> list[Round]:
    """Alternate the three, in an order that changes, each on a warm connection of its own."""
    every = list(range(number))
    ways = {"many": (every, _both_walls), "few": (every[:2], _both_walls), "one_wall": (every, _one_wall)}
    for tenants, walls in ways.values():
        with walls():
            _taken(work, tenants)
    found = []
    for _ in range(REPEATS):
        taken = {}
        for way in random.sample(list(ways), len(ways)):
            tenants, walls = ways[way]
            with walls():
                taken[way] = _taken(work, random.choices(tenants, k=times))
        found.append(Round(**taken))
    connections.close_all()
    return found


def _taken(work: Any, tenants: list[int]) -> float:
    began = time.perf_counter()
    for index in tenants:
        work(index)
    return (time.perf_counter() - began) / len(tenants) * 1e6


class OneWall(DatabaseWrapper):
    """The backend as it would be with the search_path alone: no role is set, so it logs in as one that may read everything."""

    def _entry_sql(self, schema: str) -> str:
        return super()._entry_sql(schema).partition(";")[0]


@contextmanager
def _both_walls() -> Iterator[None]:
    yield
    connection.close()


@contextmanager
def _one_wall() -> Iterator[None]:
    """Put a connection of the owner's, with a pool like the serving one's, in the place of ``default``."""
    serving: Any = connections["default"]
    known = {name: connections.settings[OWNER][name] for name in ("USER", "PASSWORD")}
    single: Any = OneWall({**serving.settings_dict, **known}, "default")
    serving.close()
    pools, DatabaseWrapper._connection_pools = DatabaseWrapper._connection_pools, _owners_pools
    connections["default"] = single
    try:
        yield
    finally:
        single.close()
        DatabaseWrapper._connection_pools = pools
        connections["default"] = serving


_owners_pools: dict[str, Any] = {}
