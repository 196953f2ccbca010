"""Schedules fire through the days on which clocks change: each time once, missed ones by their policy, none on top of another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tenants import due_times
from tests.triggers import due_rows, made, moment
from tests.workbench import Bench, definition, output, text
from workflows.actions.firings import fire_schedule
from workflows.models import Firing, Run, Trigger

Json = dict[str, Any]
BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
HALF_PAST_TWO, HOURLY = "30 2 * * *", "0 * * * *"
# Where clocks go forward there is no half past two; where they go back there are two of them.
NIGHTS = {
    "gap": (BERLIN, HALF_PAST_TWO, "2026-03-27T23:00", "2026-03-30T12:00",
            ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]),
    "overlap": (BERLIN, HALF_PAST_TWO, "2026-10-23T22:00", "2026-10-26T12:00",
                ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"]),
    "gap in New York": (NEW_YORK, HALF_PAST_TWO, "2026-03-07T12:00", "2026-03-09T12:00",
                        ["2026-03-08T07:00", "2026-03-09T06:30"]),
    "half an hour twice": (LORD_HOWE, "45 1 * * *", "2026-04-03T20:00", "2026-04-06T00:00",
                           ["2026-04-04T14:45", "2026-04-05T15:15"]),
    "every hour through the gap": (BERLIN, HOURLY, "2026-03-28T23:30", "2026-03-29T03:30",
                                   [f"2026-03-29T0{hour}:00" for hour in range(4)]),
    "every hour through the overlap": (BERLIN, HOURLY, "2026-10-24T23:30", "2026-10-25T03:30",
                                       [f"2026-10-25T0{hour}:00" for hour in range(4)]),
}  # fmt: skip


class Clock:
    """The database's clock, as the schedules read it."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.now = bench, datetime.now(UTC)

    def made(self, at: str, **fields: Any) -> Any:
        """Return a schedule that is made at that time."""
        self.now = moment(at)
        workflow = self.bench.workflow(definition([text("a"), output()]))
        return made(self.bench, workflow, "schedule", **fields)[0]

    def fire(self, trigger: Any, at: str | datetime) -> list[Firing]:
        """Do what a worker does with the schedule's message at that time."""
        self.now = moment(at) if isinstance(at, str) else at
        with self.bench.inside():
            return fire_schedule(trigger_id=trigger.pk)

    def tick(self, trigger: Any, until: str, every: timedelta = timedelta(minutes=10)) -> list[Firing]:
        """Have a message come every so often until then, whether or not something is due."""
        found: list[Firing] = []
        while self.now < moment(until):
            found += self.fire(trigger, self.now + every)
        return found


@pytest.fixture
def clock(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(bench)
    monkeypatch.setattr(due_times, "database_now", lambda: made.now)
    return made


def dues(fired: list[Firing]) -> list[str]:
    assert all(firing.due is not None for firing in fired)
    return [f"{firing.due:%Y-%m-%dT%H:%M}" for firing in fired if firing.due]


def outcomes(fired: list[Firing]) -> list[str]:
    return [firing.outcome for firing in fired]


@pytest.mark.parametrize("night", NIGHTS)
def test_each_time_is_fired_for_once_through_the_change(bench: Bench, clock: Clock, night: str) -> None:
    zone, cron, begin, end, wanted = NIGHTS[night]
    trigger = clock.made(begin, config={"cron": cron, "zone": zone}, overlap="allow")
    fired = clock.tick(trigger, end)
    assert (dues(fired), set(outcomes(fired))) == (wanted, {"started"})
    with bench.inside():
        assert Run.objects.filter(firings__trigger=trigger).count() == len(wanted)
        assert Trigger.objects.get(pk=trigger.pk).next_due == due_rows()[trigger.pk].due_at > clock.now
    with bench.inside("globex"):
        assert not Firing.objects.exists()


@pytest.mark.parametrize(
    ("policy", "missed"),
    [
        ("none", [("2026-03-30T00:30", "skipped")]),
        ("last", [("2026-03-30T00:30", "started")]),
        ("all", [(due, "started") for due in NIGHTS["gap"][4]]),
    ],
)
def test_what_was_missed_across_the_gap_is_made_up_for_by_the_policy(
    clock: Clock, policy: str, missed: list[tuple[str, str]]
) -> None:
    config = {"cron": HALF_PAST_TWO, "zone": BERLIN, "catch_up": policy, "catch_up_limit": 10}
    trigger = clock.made("2026-03-27T23:00", config=config, overlap="allow")
    fired = clock.fire(trigger, "2026-03-30T12:00")
    assert list(zip(dues(fired), outcomes(fired), strict=True)) == missed
    assert clock.fire(trigger, "2026-03-30T12:01") == []
    assert dues(clock.fire(trigger, "2026-03-31T00:30")) == ["2026-03-31T00:30"]


def test_of_the_hour_that_comes_twice_both_are_made_up_for_where_the_schedule_is_hourly(clock: Clock) -> None:
    """By the wall clock both are two o'clock: two firings, with two keys."""
    config = {"cron": HOURLY, "zone": BERLIN, "catch_up": "all", "catch_up_limit": 10}
    trigger = clock.made("2026-10-24T23:30", config=config, overlap="allow")
    fired = clock.fire(trigger, "2026-10-25T02:10")
    assert dues(fired) == ["2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T02:00"]
    assert len({firing.key for firing in fired}) == 3


@pytest.mark.parametrize(("overlap", "second"), [("allow", "started"), ("skip", "skipped"), ("queue", "pending")])
def test_the_second_of_two_equal_hours_overlaps_the_run_of_the_first(
    bench: Bench, clock: Clock, overlap: str, second: str
) -> None:
    trigger = clock.made("2026-10-24T23:30", config={"cron": HOURLY, "zone": BERLIN}, overlap=overlap)
    fired = [*clock.fire(trigger, "2026-10-25T00:00"), *clock.fire(trigger, "2026-10-25T01:00")]
    assert outcomes(fired) == ["started", second]
    if overlap == "skip":
        assert fired[1].reason["code"] == "overlap"
        bench.advance(fired[0].run_id)
        assert outcomes(clock.fire(trigger, "2026-10-25T02:00")) == ["started"]


@pytest.mark.parametrize("late", [timedelta(), timedelta(seconds=90)])
def test_a_jitter_never_carries_a_time_over_the_change_or_back(clock: Clock, late: timedelta) -> None:
    config = {"cron": HALF_PAST_TWO, "zone": BERLIN, "jitter_s": 3600}
    trigger = clock.made("2026-03-28T12:00", config=config, overlap="allow")
    at = due_rows()[trigger.pk].due_at
    assert moment("2026-03-29T01:00") <= at <= moment("2026-03-29T02:00")
    assert clock.fire(trigger, at - timedelta(seconds=1)) == []
    assert dues(clock.fire(trigger, at + late)) == ["2026-03-29T01:00"]
    assert moment("2026-03-30T00:30") <= due_rows()[trigger.pk].due_at <= moment("2026-03-30T01:30")
