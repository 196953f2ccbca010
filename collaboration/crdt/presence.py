"""Who edits a document now, in whichever process: one sorted set per document in Valkey, each until a moment."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import uuid4

from redis import RedisError

from nexod.kernel.valkey import valkey

BEAT_S = 15.0
COUNTS_FOR_S = 50.0
PROCESS = uuid4().hex[:12]
logger = logging.getLogger(__name__)


class Editor(NamedTuple):
    """Somebody with the document open."""

    user: str
    name: str
    writes: bool


def editors(tenant_pk: int, name: str) -> list[dict[str, Any]]:
    """Return ``{"user", "name", "writes"}`` of everybody who has the document open, each person once, by name."""
    rows = valkey().zrangebyscore(_place(tenant_pk, name), time.time(), "+inf")
    found: dict[str, dict[str, Any]] = {}
    for _process, user, shown, writes in sorted(json.loads(row) for row in rows):
        one = found.setdefault(user, {"user": user, "name": shown, "writes": False})
        one["writes"] = one["writes"] or writes
    return sorted(found.values(), key=lambda one: (one["name"].lower(), one["user"]))


def writers(tenant_pk: int, name: str) -> list[dict[str, Any]]:
    """Return ``{"id", "name"}`` of those who have the document open and may write; nobody when Valkey is away."""
    try:
        here = editors(tenant_pk, name)
    except RedisError as error:  # what people changed is told all the same
        logger.warning("Who edits cannot be told", extra={"reason": type(error).__name__})
        return []
    return [{"id": one["user"], "name": one["name"]} for one in here if one["writes"]]


def count(tenant_pk: int, name: str, here: Iterable[Editor], gone: Iterable[Editor]) -> None:
    """Count those who are here for COUNTS_FOR_S more, and no longer those who are gone. With Valkey away nobody is counted."""
    place, now = _place(tenant_pk, name), time.time()
    pipeline = valkey().pipeline()
    pipeline.zremrangebyscore(place, "-inf", now)
    if rows := [_row(one) for one in gone]:
        pipeline.zrem(place, *rows)
    if until := {_row(one): now + COUNTS_FOR_S for one in here}:
        pipeline.zadd(place, until)
    pipeline.expire(place, int(2 * COUNTS_FOR_S))
    try:
        pipeline.execute()
    except RedisError as error:
        logger.warning("Who edits cannot be counted", extra={"reason": type(error).__name__})


def _row(one: Editor) -> str:
    return json.dumps([PROCESS, *one])


def _place(tenant_pk: int, name: str) -> str:
    return f"nexod:editors:{tenant_pk}:{name}"
