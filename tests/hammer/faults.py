"""What goes wrong while the visits are made: connections that PostgreSQL ends, and pools with nothing left in them."""

from __future__ import annotations

import asyncio

import psycopg
from django.conf import settings

from tests.hammer.visitor import Interrupted, Town, Visitor

KILL_EVERY_S, KILLED_AT_ONCE = 3.0, 2
EXHAUST_EVERY_S, HOLDERS, HELD_S = 20.0, 18, 1.6
FIRST_S = 1.0
KILLED, EXHAUSTED = "connections killed", "pools exhausted"
_KILL = """SELECT count(pg_terminate_backend(pid)) FROM (
    SELECT pid FROM pg_stat_activity WHERE usename = session_user AND pid <> pg_backend_pid() ORDER BY random() LIMIT %s
) AS chosen"""


async def kill_connections(town: Town) -> None:
    """End some connections of the serving role again and again, whatever they are doing."""
    await asyncio.sleep(FIRST_S)
    while True:
        town.judge.faults[KILLED] += await asyncio.to_thread(_kill)
        await asyncio.sleep(KILL_EVERY_S)


async def exhaust_pools(town: Town) -> None:
    """Take every connection of one server for longer than the others wait, again and again."""
    await asyncio.sleep(FIRST_S)
    while True:
        port = town.dice.choice(town.ports)
        refused = await asyncio.gather(*(_hold(town, port) for _ in range(HOLDERS)))
        town.judge.faults[EXHAUSTED] += any(refused)
        await asyncio.sleep(EXHAUST_EVERY_S)


def _kill() -> int:
    database = settings.DATABASES["default"]
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    try:
        with psycopg.connect(**{name: database[key] for name, key in names.items() if database[key]}) as opened:
            row = opened.execute(_KILL, [KILLED_AT_ONCE]).fetchone()
    except psycopg.OperationalError:  # PostgreSQL is full: none is killed this time, and the report says how many were
        return 0
    return int(row[0]) if row else 0


async def _hold(town: Town, port: int) -> bool:
    """Return whether the server had no connection for this one."""
    visitor = Visitor(town, town.dice.choice(town.residents), "exhaustion")
    path = f"/hammer/hold?seconds={HELD_S}&mark={visitor.resident.mark}"
    try:
        async with visitor.asking(path, port=port) as answer:
            text = await answer.read()
    except Interrupted:
        return False
    own = answer.status == 200
    visitor.judge.read(visitor.kind, visitor.resident.number, text, "hold", expects_own=own)
    return not own
