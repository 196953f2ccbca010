"""When a schedule is due. Times go in and come out in UTC; a cron line is read in its zone, as Debian's cron reads it.

Where the clock is put forward, a line for a fixed hour that does not exist is due right after the gap; where it is put back,
once, the first time. Lines with ``*`` at minute or hour follow real time through both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

Json = dict[str, Any]
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
FIELDS = 5
FIRST_LOOK = timedelta(hours=1)
TICK, MINUTE, DAY = timedelta(microseconds=1), timedelta(minutes=1), timedelta(days=1)
LOOK_AHEAD_DAYS = 10


class ScheduleInvalid(ValueError):
    """A cron line or a zone cannot be used; the message is for the person who wrote it, ``field`` says which."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def due_after(config: Json, after: datetime) -> datetime | None:
    """Return the first due time later than ``after``, or None when none comes within 50 years. Raises ScheduleInvalid."""
    return next(_due(config, after), None)


def upcoming(config: Json, after: datetime, number: int) -> list[datetime]:
    """Return the next ``number`` due times."""
    return list(islice(_due(config, after), number))


def newest_due(config: Json, first: datetime, until: datetime, number: int) -> list[datetime]:
    """Return the newest ``number`` due times from ``first`` to ``until``, both included, the oldest first.

    However long the gap: it looks back from its end, twice as far each time, and never walks through the whole of it.
    """
    back = FIRST_LOOK
    while True:
        start = max(first - timedelta(microseconds=1), until - back)
        found: list[datetime] = []
        for due in _due(config, start):
            if due > until:
                break
            found.append(due)
        if len(found) >= number or start < first:
            return found[-number:]
        back *= 2


def spread_s(name: str, due: datetime, limit_s: float) -> float:
    """Return by how many seconds one due time is put off, the same whenever asked: at most ``limit_s``."""
    digest = hashlib.blake2b(f"{name} {due.isoformat()}".encode(), digest_size=8).digest()
    return limit_s * int.from_bytes(digest) / 2**64


def zone_of(name: str) -> ZoneInfo:
    """Return the zone; raise ScheduleInvalid for a name that is none."""
    if name not in _zones():
        raise ScheduleInvalid("zone", f"There is no time zone {name[:60]!r}. Use an IANA name such as Europe/Berlin.")
    return ZoneInfo(name)


def _due(config: Json, after: datetime) -> Iterator[datetime]:
    if every := config.get("every_minutes"):
        return _intervals(timedelta(minutes=every), after)
    return _cron(str(config["cron"]), str(config["zone"]), after)


def _intervals(every: timedelta, after: datetime) -> Iterator[datetime]:
    number = (after - EPOCH) // every
    while True:
        number += 1
        yield EPOCH + number * every


def _cron(line: str, zone: str, after: datetime) -> Iterator[datetime]:
    if len(line.split()) != FIELDS:
        raise ScheduleInvalid("cron", f"A cron line has five fields: minute, hour, day, month, weekday; not {line!r}.")
    try:
        found = CronSim(line, after.astimezone(zone_of(zone)))
    except CronSimError as error:
        part = str(error).removeprefix("Bad ")
        raise ScheduleInvalid("cron", f"The {part} of {line!r} is not valid, or such a day never comes.") from error
    # The library finds fixed hours by the wall clock. Those that follow real time it may miss, or look for without end,
    # where clocks change by less than an hour or at another minute (Lord Howe, Chatham).
    return _fixed(found, after) if found.fixup_tz else _following(line, zone_of(zone), after)


def _fixed(found: CronSim, after: datetime) -> Iterator[datetime]:
    """Yield the due times by the wall clock, each once."""
    last = after.astimezone(UTC)
    # In the repeated hour the library may go back, and two lines of the hour that is missing come at the same time.
    for due in found:
        at = due.astimezone(UTC)
        if at > last:
            last = at
            yield at


def _following(line: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Yield the due times by real time: from one change of the zone's clocks to the next the wall clock is real time, moved."""
    start = after.astimezone(UTC)
    while True:
        offset, (end, changes) = offset_of(start + TICK, zone), settled_until(start + TICK, zone)
        walls = CronSim(line, (start + offset).replace(tzinfo=None))
        for wall in walls:
            due = wall.replace(tzinfo=UTC) - offset
            if due >= end:
                break
            yield due
        else:
            return
        # After a change the wall clock may show again what it showed before; without one nothing is due until then.
        start = (end if changes else max(end, due - 2 * DAY)) - TICK


def settled_until(at: datetime, zone: ZoneInfo) -> tuple[datetime, bool]:
    """Return until when the zone's clocks are not changed, and whether they are then; False: nobody looked further."""
    offset = offset_of(at, zone)
    for day in range(1, LOOK_AHEAD_DAYS + 1):
        if offset_of(at + day * DAY, zone) != offset:
            begin = (at + (day - 1) * DAY).replace(second=0, microsecond=0)
            return next(
                begin + n * MINUTE for n in range(1, 1442) if offset_of(begin + n * MINUTE, zone) != offset
            ), True
    return at + LOOK_AHEAD_DAYS * DAY, False


def offset_of(at: datetime, zone: ZoneInfo) -> timedelta:
    """Return how far the zone's clocks are ahead of UTC at that moment."""
    return at.astimezone(zone).utcoffset() or timedelta(0)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
