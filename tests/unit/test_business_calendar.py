"""Business hours against a counter that looks at the wall clock minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.approvals.calendar import FARTHEST, Calendar, open_times, open_until

MINUTE = timedelta(minutes=1)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Asia/Kolkata",
    "Africa/Casablanca",
)
OFFICE = tuple(((9 * 60, 17 * 60),) if day < 5 else () for day in range(7))


def berlin(*holidays: date) -> Calendar:
    return Calendar(ZoneInfo("Europe/Berlin"), OFFICE, frozenset(holidays))


def at(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def is_open(calendar: Calendar, moment: datetime) -> bool:
    """Say it by the wall clock alone."""
    wall = moment.astimezone(calendar.zone)
    minute = wall.hour * 60 + wall.minute
    inside = any(opens <= minute < closes for opens, closes in calendar.week[wall.weekday()])
    return inside and wall.date() not in calendar.holidays


def counted(calendar: Calendar, start: datetime, minutes: int, longest: int) -> datetime | None:
    """Return when so many open minutes are over, or None when they are not after ``longest`` minutes."""
    for passed in range(longest):
        moment = start + passed * MINUTE
        minutes -= is_open(calendar, moment)
        if minutes == 0:
            return moment + MINUTE
    return None


@st.composite
def windows(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    edges = sorted(draw(st.sets(st.integers(0, 24 * 60), min_size=0, max_size=6)))
    return tuple(zip(edges[::2], edges[1::2], strict=False))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    days = draw(st.lists(windows(), min_size=7, max_size=7))
    holidays = draw(st.sets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=5))
    return Calendar(ZoneInfo(draw(st.sampled_from(ZONES))), tuple(days), frozenset(holidays))


# Around the hours when the clocks of these zones change, and anywhere in the year.
CHANGES = ("2026-03-08T07:00", "2026-03-29T01:00", "2026-04-04T15:00", "2026-10-25T01:00")
starts = st.one_of(
    st.builds(lambda minute: at("2026-01-01T00:00", "UTC") + minute * MINUTE, st.integers(0, 353 * 1440)),
    st.builds(
        lambda change, minute: at(change, "UTC") + minute * MINUTE, st.sampled_from(CHANGES), st.integers(-2880, 1440)
    ),
)


@settings(max_examples=150, deadline=None)
@given(calendars(), starts, st.integers(1, 900))
def test_open_hours_end_when_a_counter_of_minutes_says_so(calendar, start, minutes):
    expected = counted(calendar, start, minutes, longest=6 * 24 * 60)
    found = open_until(calendar, start, minutes * MINUTE)
    if expected is None:
        assert found > start + 6 * 24 * 60 * MINUTE
    else:
        assert found == expected


@settings(max_examples=100, deadline=None)
@given(calendars(), starts, st.integers(1, 20_000), st.integers(1, 20_000))
def test_more_hours_never_end_earlier_and_add_up(calendar, start, one, two):
    first, both = open_until(calendar, start, one * MINUTE), open_until(calendar, start, (one + two) * MINUTE)
    assert start <= first <= both <= start + FARTHEST
    if both < start + FARTHEST:
        assert open_until(calendar, first, two * MINUTE) == both


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-20T16:00", 2, "2026-11-23T10:00"),  # over the weekend
        ("2026-11-21T12:00", 8, "2026-11-23T17:00"),  # asked on a Saturday, over when the day is
        ("2026-11-23T08:00", 1, "2026-11-23T10:00"),  # before it opens
        ("2026-11-23T17:00", 1, "2026-11-24T10:00"),  # as it closes
        ("2026-03-27T16:00", 2, "2026-03-30T10:00"),  # the clocks are put forward between
        ("2026-10-23T16:00", 2, "2026-10-26T10:00"),  # and back
        ("2026-12-23T16:00", 2, "2026-12-24T10:00"),
    ],
)
def test_hours_of_an_office(start, hours, end):
    assert open_until(berlin(date(2026, 12, 25)), at(start), timedelta(hours=hours)) == at(end)


def test_a_holiday_is_left_out():
    start = at("2026-12-24T16:00")
    assert open_until(berlin(), start, timedelta(hours=2)) == at("2026-12-25T10:00")
    assert open_until(berlin(date(2026, 12, 25)), start, timedelta(hours=2)) == at("2026-12-28T10:00")


def test_seconds_count():
    start = at("2026-11-23T16:59:30")
    assert open_until(berlin(), start, timedelta(seconds=45)) == at("2026-11-24T09:00:15")


def test_a_night_shift_works_a_repeated_hour_twice_and_a_skipped_one_not_at_all():
    nights = Calendar(ZoneInfo("Europe/Berlin"), (((0, 6 * 60),),) * 7)
    assert open_until(nights, at("2026-10-25T00:00"), timedelta(hours=7)) == at("2026-10-25T06:00")
    assert open_until(nights, at("2026-03-29T00:00"), timedelta(hours=5)) == at("2026-03-29T06:00")


def test_a_calendar_that_hardly_ever_opens_ends():
    seldom = Calendar(ZoneInfo("UTC"), (((0, 1),), *((),) * 6))
    start = at("2026-11-23T00:00", "UTC")
    assert open_until(seldom, start, timedelta(days=366)) == start + FARTHEST


def test_open_times_end_where_asked():
    found = list(open_times(berlin(), at("2026-11-23T16:30"), at("2026-11-24T09:15")))
    assert found == [(at("2026-11-23T16:30"), at("2026-11-23T17:00")), (at("2026-11-24T09:00"), at("2026-11-24T09:15"))]
