"""Who else watches a run: one sorted set per run in Valkey, each person and process with the moment until which they count.

A process tells of its own people and of what it sees change; what a killed process left ends by itself. Never kept elsewhere.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4
from weakref import WeakKeyDictionary

from redis import RedisError

from nexod.kernel import topics
from nexod.kernel.errors import NexodError
from nexod.kernel.hub import Message
from nexod.kernel.valkey import valkey
from tenants.context import in_tenant
from tenants.models import Tenant

BEAT_S = 15.0
COUNTS_FOR_S = 40.0
# However many come and go, the others are told once in this time.
NEWS_S = 1.0
SHOWN = 50
Person = tuple[str, str]
"""Id and name."""
PROCESS = uuid4().hex[:12]
logger = logging.getLogger(__name__)


def viewers(tenant_pk: int, run_id: UUID | str) -> dict[str, Any]:
    """Return ``{"people": [{"user", "name"}], "more"}``: each person once, by name, at most SHOWN of them."""
    rows = valkey().zrangebyscore(_place(tenant_pk, run_id), time.time(), "+inf")
    people = sorted({tuple(json.loads(row)[1:]) for row in rows}, key=lambda one: (one[1].lower(), one[0]))
    shown = [{"user": user, "name": name} for user, name in people[:SHOWN]]
    return {"people": shown, "more": len(people) - len(shown)}


class Audience:
    """The people of this process who watch one run."""

    def __init__(self, tenant: Tenant, run_id: UUID | str) -> None:
        self._tenant, self._run_id = tenant, run_id
        self._place = _place(tenant.pk, run_id)
        self._here: Counter[Person] = Counter()
        self._gone: set[Person] = set()
        self._news = asyncio.Event()
        self._told: dict[str, Any] | None = None
        self._work = asyncio.create_task(self._beat())

    async def enter(self, person: Person) -> Message:
        """Count the person, and return who is there."""
        self._here[person] += 1
        self._gone.discard(person)
        if self._here[person] == 1:
            self._news.set()
        found = await self._hop(self._counted)
        return Message(type="viewers", data=found or {"people": [], "more": 0})

    async def leave(self, person: Person) -> bool:
        """Count the person no more when that was the last stream of theirs; say whether nobody is left."""
        self._here[person] -= 1
        if self._here[person] <= 0:
            del self._here[person]
            self._gone.add(person)
            self._news.set()
        if self._here:
            return False
        self._work.cancel()
        await self._hop(self._tell)
        return not self._here

    async def _beat(self) -> None:
        while True:
            try:
                async with asyncio.timeout(BEAT_S):
                    await self._news.wait()
            except TimeoutError:
                pass
            self._news.clear()
            await self._hop(self._tell)
            await asyncio.sleep(NEWS_S)

    async def _hop(self, work: Any) -> Any:
        try:
            return await in_tenant(self._tenant, work)
        except (RedisError, NexodError) as error:  # nobody stops watching because nobody can be counted
            logger.warning("Who watches cannot be told", extra={"reason": type(error).__name__})
            return None

    def _counted(self) -> dict[str, Any]:
        """Count one's own people for COUNTS_FOR_S more, and return everybody."""
        until = time.time() + COUNTS_FOR_S
        pipeline = valkey().pipeline()
        pipeline.zremrangebyscore(self._place, "-inf", time.time())
        gone, self._gone = self._gone, set()
        if gone:
            pipeline.zrem(self._place, *map(_row, gone))
        if self._here:
            pipeline.zadd(self._place, {_row(person): until for person in list(self._here)})
        pipeline.expire(self._place, int(2 * COUNTS_FOR_S))
        pipeline.execute()
        return viewers(self._tenant.pk, self._run_id)

    def _tell(self) -> None:
        """Tell all who watch, in every process, when it is not what was told last."""
        found = self._counted()
        if found != self._told:
            self._told = found
            topic = topics.run_topic(self._tenant.pk, str(self._run_id))
            topics.publish(topic, {"events": [], "viewers": found})


_audiences: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Audience]] = WeakKeyDictionary()


@asynccontextmanager
async def attending(tenant: Tenant, run_id: UUID | str, person: Person) -> AsyncIterator[Message]:
    """Count the person as watching inside the block, and give who is there at its beginning."""
    here = _audiences.setdefault(asyncio.get_running_loop(), {})
    place = _place(tenant.pk, run_id)
    audience = here.setdefault(place, Audience(tenant, run_id)) if place not in here else here[place]
    try:
        yield await audience.enter(person)
    finally:
        if await asyncio.shield(audience.leave(person)) and here.get(place) is audience:
            del here[place]


def _place(tenant_pk: int, run_id: UUID | str) -> str:
    return f"nexod:watchers:{tenant_pk}:{run_id}"


def _row(person: Person) -> str:
    return json.dumps([PROCESS, *person])
