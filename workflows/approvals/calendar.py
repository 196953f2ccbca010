"""Business hours: when an organisation works, and when so many open hours are over. Times go in and come out in UTC.

Open is whenever the wall clock of the zone shows an open time of that weekday, holidays left out: an hour that the clocks skip is
not worked, one that they repeat is worked twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from workflows.triggers.times import offset_of, settled_until

DAY = timedelta(days=1)
MIDNIGHT = 24 * 60
FARTHEST = timedelta(days=3653)
"""Nothing is due later than ten years from when it begins, however seldom it is open."""
Window = tuple[int, int]
"""Minutes after midnight: from when to when, the end not included."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """When an organisation works: for each weekday, Monday first, its windows in order; and the days when nobody does."""

    zone: ZoneInfo
    week: tuple[tuple[Window, ...], ...]
    holidays: frozenset[date] = field(default_factory=frozenset)

    def windows(self, day: date) -> tuple[Window, ...]:
        """Return the windows of that day."""
        return () if day in self.holidays else self.week[day.weekday()]


def open_until(calendar: Calendar, start: datetime, length: timedelta) -> datetime:
    """Return the first moment by which it was open for ``length`` since ``start``, at most FARTHEST after it."""
    left, latest = length, start + FARTHEST
    for begins, ends in open_times(calendar, start, latest):
        if left <= ends - begins:
            return begins + left
        left -= ends - begins
    return latest


def open_times(calendar: Calendar, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield when it is open between the two, in order."""
    at = start.astimezone(UTC)
    while at < end:
        # From one change of the zone's clocks to the next, the wall clock is real time, moved.
        offset, until = offset_of(at, calendar.zone), min(settled_until(at, calendar.zone)[0], end.astimezone(UTC))
        for begins, ends in _by_the_wall(
            calendar, (at + offset).replace(tzinfo=None), (until + offset).replace(tzinfo=None)
        ):
            yield begins.replace(tzinfo=UTC) - offset, ends.replace(tzinfo=UTC) - offset
        at = until


def _by_the_wall(calendar: Calendar, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield when it is open between two times of a wall clock that nobody changes meanwhile."""
    midnight = datetime.combine(start.date(), time.min)
    while midnight < end:
        for opens, closes in calendar.windows(midnight.date()):
            begins = max(start, midnight + timedelta(minutes=opens))
            ends = min(end, midnight + timedelta(minutes=closes))
            if begins < ends:
                yield begins, ends
        midnight += DAY
