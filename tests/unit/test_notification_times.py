"""When an e-mail goes: by the person's own clock, never in quiet hours, right over nights and changes of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from collaboration.models import NotificationHours
from collaboration.notifications.timing import DAILY, HOURLY, QUIET, Slot, slot_of


def hours(zone: str = "Europe/Berlin", quiet: tuple[int, int] | None = (22, 7), daily: int = 8) -> NotificationHours:
    begins, ends = (time(quiet[0]), time(quiet[1])) if quiet else (None, None)
    return NotificationHours(time_zone=zone, quiet_from=begins, quiet_until=ends, daily_at=time(daily))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-06-01T10:00", Slot("run.failed")),  # noon in Berlin
        ("2026-06-01T20:30", Slot(QUIET, at("2026-06-02T05:00"))),  # half past ten in the evening there
        ("2026-06-02T04:59", Slot(QUIET, at("2026-06-02T05:00"))),
        ("2026-06-02T05:00", Slot("run.failed")),
        ("2026-12-01T05:30", Slot(QUIET, at("2026-12-01T06:00"))),  # in winter an hour later
    ],
)
def test_what_goes_at_once_waits_for_the_end_of_quiet_hours(now, expected):
    assert slot_of("run.failed", "immediate", hours(), at(now)) == expected


@pytest.mark.parametrize(("now", "is_quiet"), [("12:00", True), ("11:59", False), ("14:00", False)])
def test_quiet_hours_may_lie_within_a_day(now, is_quiet):
    slot = slot_of("mention", "immediate", hours("UTC", (12, 14)), at(f"2026-06-01T{now}"))
    assert (slot.event == QUIET) is is_quiet


def test_the_daily_digest_comes_at_the_persons_hour():
    berlin, tokyo = hours(quiet=None), hours("Asia/Tokyo", None)
    now = at("2026-06-01T10:00")
    assert slot_of("x", "daily", berlin, now) == Slot(DAILY, at("2026-06-02T06:00"))
    assert slot_of("x", "daily", tokyo, now) == Slot(DAILY, at("2026-06-01T23:00"))


def test_a_digest_on_the_day_that_the_clocks_change_is_at_eight_all_the_same():
    assert slot_of("x", "daily", hours(quiet=None), at("2026-10-24T12:00")).at == at("2026-10-25T07:00")
    assert slot_of("x", "daily", hours(quiet=None), at("2026-10-25T12:00")).at == at("2026-10-26T07:00")


def test_the_hourly_digest_comes_at_the_full_hour_of_the_clock_on_the_wall():
    assert slot_of("x", "hourly", hours("UTC", None), at("2026-06-01T10:20")) == Slot(HOURLY, at("2026-06-01T11:00"))
    assert slot_of("x", "hourly", hours("Asia/Kathmandu", None), at("2026-06-01T10:20")).at == at("2026-06-01T11:15")


def test_a_digest_that_falls_into_quiet_hours_comes_after_them():
    assert slot_of("x", "hourly", hours("UTC"), at("2026-06-01T22:10")) == Slot(HOURLY, at("2026-06-02T07:00"))
    assert slot_of("x", "daily", hours("UTC", daily=6), at("2026-06-01T12:00")).at == at("2026-06-02T07:00")


def test_who_chose_nothing_is_written_to_at_once():
    assert slot_of("mention", "immediate", None, at("2026-06-01T03:00")) == Slot("mention")


def test_quiet_hours_without_length_are_none():
    assert slot_of("mention", "immediate", hours("UTC", (8, 8)), at("2026-06-01T08:00")) == Slot("mention")
