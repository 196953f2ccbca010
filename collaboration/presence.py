"""Who is in a workspace now: one sorted set per tenant in Valkey, each socket with the moment until which it counts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

from django_redis import get_redis_connection

from tenants.context import current_tenant

BEAT_S = 20.0
COUNTS_FOR_S = 50.0
PEOPLE_LIMIT = 500

Person = dict[str, Any]


def arrive(*, socket: str, user: str, name: str, page: str = "") -> None:
    """Count the socket as present for COUNTS_FOR_S; call again before it runs out, or with another page."""
    place, now = _place(), time.time()
    pipeline = get_redis_connection("default").pipeline()
    pipeline.zadd(place, {socket: now + COUNTS_FOR_S})
    pipeline.set(f"{place}:{socket}", json.dumps({"user": user, "name": name, "page": page}), ex=int(COUNTS_FOR_S))
    pipeline.zremrangebyscore(place, "-inf", now)
    pipeline.expire(place, int(2 * COUNTS_FOR_S))
    pipeline.execute()


def leave(*, socket: str) -> None:
    """Stop counting the socket."""
    place = _place()
    pipeline = get_redis_connection("default").pipeline()
    pipeline.zrem(place, socket)
    pipeline.delete(f"{place}:{socket}")
    pipeline.execute()


def people() -> list[Person]:
    """Return who is here, each person once, by name: ``{"user", "name", "pages"}``."""
    place = _place()
    connection = get_redis_connection("default")
    sockets = connection.zrangebyscore(place, time.time(), "+inf", start=0, num=PEOPLE_LIMIT)
    if not sockets:
        return []
    told = connection.mget([f"{place}:{socket.decode()}" for socket in sockets])
    return _by_person(json.loads(text) for text in told if text)


def _by_person(told: Iterable[dict[str, str]]) -> list[Person]:
    found: dict[str, Person] = {}
    for socket in told:
        person = found.setdefault(socket["user"], {"user": socket["user"], "name": socket["name"], "pages": []})
        if socket["page"] and socket["page"] not in person["pages"]:
            person["pages"].append(socket["page"])
    for person in found.values():
        person["pages"].sort()
    return sorted(found.values(), key=lambda person: (person["name"].lower(), person["user"]))


def _place() -> str:
    return f"nexod:presence:{current_tenant().pk}"
