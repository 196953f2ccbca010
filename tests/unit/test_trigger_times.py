"""Due times over a year in many zones, against an independent computation: every minute of the year, by zoneinfo alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from workflows.triggers.times import ScheduleInvalid, due_after, newest_due, spread_s, upcoming, zone_of

MINUTE = timedelta(minutes=1)
MONTHS = {"MAR": 3, "OCT": 10}
# Whole and half hours of summer time, clocks changed at midnight, at 2, at 24:00, the year round backwards, no change, odd offsets.
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "America/Havana", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu",
    "Antarctica/Troll", "Africa/Cairo", "America/Santiago", "Pacific/Chatham",
)  # fmt: skip
FIXED = ("30 2 * * *", "15,45 0-3 * * *", "0 3 * * SUN", "5 1 1 * *", "59 23 L * *", "10 2 * MAR,OCT *")
FOLLOWING = ("*/20 * * * *", "7 * * * *", "* 2 * * SUN", "* 3 * * SUN", "*/30 0-3 1-7 * *")
DENSE = ("*/20 * * * *", "7 * * * *", "*/30 0-3 1-7 * *")
"""Due too often to be asked for a whole year: these are compared around the changes of the clocks."""
YEAR = 2026


Shown = tuple[int, int, int, int, int, bool]


def fields_of(wall: datetime) -> Shown:
    """Return minute, hour, day, month, weekday (Monday is 0) and whether it is the last day of its month."""
    last = (wall + timedelta(days=1)).day == 1
    return wall.minute, wall.hour, wall.day, wall.month, wall.weekday(), last


def matching(line: str, rows: list[tuple[datetime, Shown]]) -> list[datetime]:
    """Read the few forms that the lines above use, in a way of its own, and return the times that fit."""
    minute, hour, day, month, weekday = line.split()
    minutes_, hours, days = fitting(minute, 60), fitting(hour, 24), fitting(day.replace("L", "*"), 32)
    months = set(range(13)) if month == "*" else {MONTHS[name] for name in month.split(",")}
    weekdays, only_last = (set(range(7)) if weekday == "*" else {6}), day == "L"
    return [
        at
        for at, (m, h, d, mo, wd, last) in rows
        if m in minutes_ and h in hours and d in days and mo in months and wd in weekdays and (last or not only_last)
    ]


def fitting(field: str, end: int) -> set[int]:
    if field.startswith("*"):
        return set(range(0, end, int(field[2:] or 1)))
    if "-" in field:
        low, high = field.split("-")
        return set(range(int(low), int(high) + 1))
    return {int(part) for part in field.split(",")}


@cache
def walls() -> list[tuple[datetime, Shown]]:
    """Return every minute that a calendar of the year has."""
    first = datetime(YEAR, 1, 1)  # noqa: DTZ001  of a calendar, in no zone
    return [(wall, fields_of(wall)) for wall in (first + number * MINUTE for number in range(365 * 24 * 60))]


def minutes(name: str) -> list[tuple[datetime, Shown]]:
    """Return every minute of the year that passes in the zone, with what its clocks show; they change at quarters of hours only."""
    zone, found = ZoneInfo(name), []
    at, last = (datetime(year, 1, 1, tzinfo=zone).astimezone(UTC) for year in (YEAR, YEAR + 1))
    while at < last:
        wall = at.astimezone(zone).replace(tzinfo=None)
        found += [(at + n * MINUTE, fields_of(wall + n * MINUTE)) for n in range(15)]
        at += 15 * MINUTE
    return found


def expected(line: str, name: str, passing: list[tuple[datetime, Shown]]) -> list[datetime]:
    if line in FOLLOWING:
        return matching(line, passing)
    zone = ZoneInfo(name)
    return sorted({first_time(wall, zone) for wall in matching(line, walls())})


def first_time(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return when clocks show that for the first time, or the first minute after a gap in which they never do."""
    at = wall.replace(tzinfo=zone)
    while at.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall:
        wall += MINUTE
        at = wall.replace(tzinfo=zone)
    return at.astimezone(UTC)


@pytest.mark.parametrize("zone", ZONES)
def test_a_year_of_due_times_is_what_zoneinfo_says(zone):
    passing = minutes(zone)
    begin = datetime(YEAR, 1, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    for line in (*FIXED, *FOLLOWING):
        wanted = expected(line, zone, passing)
        stretches = changes_of(passing) if line in DENSE else [(begin, begin + timedelta(days=366))]
        for first, last in stretches:
            due = [at for at in wanted if first <= at < last]
            got = upcoming({"cron": line, "zone": zone}, first - MINUTE, len(due))
            assert got == due, (line, sorted(set(got) ^ set(due))[:4])


def changes_of(passing: list[tuple[datetime, Shown]]) -> list[tuple[datetime, datetime]]:
    """Return the days around each change of the zone's clocks, and the first ones of the year."""
    jumps = [
        after
        for (_, before), (after, shown) in pairwise(passing)
        if (shown[1] * 60 + shown[0] - before[1] * 60 - before[0]) % 1440 != 1
    ]
    return [(at - timedelta(days=2), at + timedelta(days=2)) for at in [passing[2 * 1440][0], *jumps]]


@pytest.mark.parametrize("zone", ZONES)
def test_asked_one_by_one_from_any_second_of_a_repeated_hour_it_never_goes_back(zone):
    """Each time is asked for after the one before, as the sweeper's workers do it, and nothing comes twice."""
    for line in ("30 2 * * *", "15,45 0-3 * * *"):
        config = {"cron": line, "zone": zone}
        after = datetime(YEAR, 3, 1, tzinfo=UTC)
        seen = []
        while after < datetime(YEAR, 5, 1, tzinfo=UTC):
            after = due_after(config, after)
            seen.append(after)
        assert seen == sorted(set(seen))
        assert seen == [due for due in expected(line, zone, []) if seen[0] <= due <= seen[-1]]


def test_in_the_second_of_two_equal_hours_the_first_one_does_not_come_again():
    config = {"cron": "45 2 * * *", "zone": "Europe/Berlin"}
    second_half_past_two = datetime(YEAR, 10, 25, 1, 30, tzinfo=UTC)
    assert due_after(config, second_half_past_two) == datetime(YEAR, 10, 26, 1, 45, tzinfo=UTC)


def test_an_hour_that_does_not_exist_is_made_up_for_once_right_after_it():
    config = {"cron": "15,45 2 * * *", "zone": "Europe/Berlin"}
    assert upcoming(config, datetime(YEAR, 3, 28, 12, tzinfo=UTC), 2) == [
        datetime(YEAR, 3, 29, 1, 0, tzinfo=UTC),
        datetime(YEAR, 3, 30, 0, 15, tzinfo=UTC),
    ]


def test_an_interval_follows_no_clock_but_utc():
    config = {"every_minutes": 90, "zone": "Europe/Berlin"}
    times = upcoming(config, datetime(YEAR, 3, 28, 23, tzinfo=UTC), 20)
    assert {later - earlier for earlier, later in pairwise(times)} == {timedelta(minutes=90)}


@pytest.mark.parametrize("number", [1, 3, 100])
def test_the_newest_due_times_of_a_gap_are_its_last_ones(number):
    config = {"cron": "0 * * * *", "zone": "Europe/Berlin"}
    first, until = datetime(YEAR, 1, 1, tzinfo=UTC), datetime(YEAR, 4, 1, tzinfo=UTC)
    found = newest_due(config, first, until, number)
    assert found == [until - timedelta(hours=number - 1 - position) for position in range(number)]


def test_a_gap_shorter_than_asked_for_gives_all_of_it():
    config = {"cron": "0 0 29 2 *", "zone": "UTC"}
    found = newest_due(config, datetime(2020, 2, 29, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), 100)
    assert [due.year for due in found] == [2020, 2024]


def test_a_leap_day_comes_after_eight_years_and_the_thirtieth_of_february_never():
    assert due_after({"cron": "0 0 29 2 *", "zone": "UTC"}, datetime(2096, 3, 1, tzinfo=UTC)).year == 2104
    with pytest.raises(ScheduleInvalid, match="never comes"):
        due_after({"cron": "0 0 30 2 *", "zone": "UTC"}, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "", "../etc/passwd", "europe/berlin", "/usr/share/zoneinfo/UTC", "X" * 60]
)
def test_a_zone_that_is_none_is_refused(name):
    with pytest.raises(ScheduleInvalid, match="IANA"):
        zone_of(name)


def test_a_spread_is_the_same_every_time_and_within_its_limit():
    due = datetime(YEAR, 1, 1, tzinfo=UTC)
    found = {spread_s(f"trigger {number}", due, 60) for number in range(200)}
    assert all(0 <= seconds < 60 for seconds in found)
    assert len(found) == 200
    assert spread_s("trigger 1", due, 60) == spread_s("trigger 1", due, 60)
    assert spread_s("trigger 1", due, 0) == 0
