"""Every key of Valkey: whose key it is says whose mark its value may carry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django_redis import get_redis_connection

from tests.hammer.judge import Judge
from tests.hammer.marks import NOBODY
from tests.hammer.resident import Resident

NAME = "valkey"
# nexod:<schema>:... of the cache and the counters, nexod:presence:<tenant's pk>... of who is here.
_OWNER = re.compile(rb"nexod:(?:rate:)?(t_\w+)|nexod:presence:(\d+)")
# Messages that were never taken are told apart by their senders, not by their place.
BROKER = b"nexod.celery."


def sweep(judge: Judge, residents: Iterable[Resident]) -> None:
    """Count values with their own mark as good, and those with another's as leaks."""
    owners = {name: resident.number for resident in residents for name in (resident.schema, str(resident.pk))}
    for key, text in _values(get_redis_connection("default")):
        named = _OWNER.match(key)
        owner = owners.get((named[1] or named[2]).decode(), NOBODY) if named else NOBODY
        seen = judge.look(NAME, owner, text, key.decode("utf-8", "replace")[:60])
        if owner in seen:
            judge.good(NAME)


def empty() -> None:
    """Forget everything, messages included: one bout's leaks are not to be found in the next."""
    get_redis_connection("default").flushall()


def _values(valkey: Any) -> Iterator[tuple[bytes, bytes]]:
    for key in valkey.scan_iter(count=1000):
        if key.startswith(BROKER):
            continue
        kind = valkey.type(key)
        if kind == b"string":
            yield key, valkey.get(key) or b""
        elif kind == b"hash":
            yield key, repr(valkey.hgetall(key)).encode()
        elif kind == b"zset":
            yield key, repr(valkey.zrange(key, 0, -1)).encode()
