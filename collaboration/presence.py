"""Who is in a workspace now: one sorted set per tenant in Valkey, each socket with the moment until which it counts."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from redis import RedisError

from collaboration.pages import is_told
from nexod.kernel.errors import Unavailable
from nexod.kernel.valkey import valkey
from tenants.context import current_tenant

BEAT_S = 20.0
COUNTS_FOR_S = 50.0
PEOPLE_LIMIT = 500
# From who is at work to who is not looking. Whoever has several tabs is as near as in the nearest.
STATES = ("active", "idle", "away")

Person = dict[str, Any]


class PresenceAway(Unavailable):
    """Who is here cannot be told right now."""

    code = "presence_away"


def arrive(*, socket: str, user: str, name: str, page: str = "", subject: str = "", state: str = STATES[0]) -> None:
    """Count the socket as present for COUNTS_FOR_S; call again before it runs out, or with another page or state."""
    place, now = _place(), time.time()
    facts = {"user": user, "name": name, "page": page, "subject": subject, "state": state}
    with _asked() as connection:
        pipeline = connection.pipeline()
        pipeline.zadd(place, {socket: now + COUNTS_FOR_S})
        pipeline.set(f"{place}:{socket}", json.dumps(facts), ex=int(COUNTS_FOR_S))
        pipeline.zremrangebyscore(place, "-inf", now)
        pipeline.expire(place, int(2 * COUNTS_FOR_S))
        pipeline.execute()


def leave(*, socket: str) -> None:
    """Stop counting the socket."""
    place = _place()
    with _asked() as connection:
        pipeline = connection.pipeline()
        pipeline.zrem(place, socket)
        pipeline.delete(f"{place}:{socket}")
        pipeline.execute()


def people() -> list[Person]:
    """Return who is here, each person once, by name: ``{"user", "name", "state", "places": [{"page", "subject", "state"}]}``.

    For whoever may know everything; others are told what ``told_to`` leaves.
    """
    place = _place()
    with _asked() as connection:
        sockets = connection.zrangebyscore(place, time.time(), "+inf", start=0, num=PEOPLE_LIMIT)
        if not sockets:
            return []
        told = connection.mget([f"{place}:{socket.decode()}" for socket in sockets])
    return _by_person(json.loads(text) for text in told if text)


def told_to(permissions: Collection[str], everybody: Iterable[Person]) -> list[Person]:
    """Return the people with the ``pages`` and ``subjects`` that somebody with these permissions may know of."""
    return [_told(person, permissions) for person in everybody]


def _told(person: Person, permissions: Collection[str]) -> Person:
    known = [one for one in person["places"] if is_told(one["page"], one["subject"], permissions)]
    return {
        "user": person["user"],
        "name": person["name"],
        "state": person["state"],
        "pages": sorted({one["page"] for one in known if one["page"]}),
        "subjects": sorted({one["subject"] for one in known if one["subject"]}),
    }


def _by_person(told: Iterable[dict[str, str]]) -> list[Person]:
    found: dict[str, Person] = {}
    for socket in told:
        new = {"user": socket["user"], "name": socket["name"], "state": STATES[-1], "places": []}
        person = found.setdefault(socket["user"], new)
        person["state"] = min(person["state"], socket["state"], key=STATES.index)
        person["places"].append({name: socket[name] for name in ("page", "subject", "state")})
    for person in found.values():
        person["places"].sort(key=lambda one: (one["page"], one["subject"], one["state"]))
    return sorted(found.values(), key=lambda person: (person["name"].lower(), person["user"]))


@contextmanager
def _asked() -> Iterator[Any]:
    """Give the connection; raise PresenceAway when nobody answers."""
    try:
        yield valkey()
    except RedisError as error:
        raise PresenceAway from error


def _place() -> str:
    return f"nexod:presence:{current_tenant().pk}"
