"""When an approval is reminded of, escalated and due: planned when it is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.approvals.calendar import Calendar
from workflows.approvals.policy import Due, Escalation, Who, parse
from workflows.approvals.times import kept_plan, plan

ASKED = datetime(2026, 11, 20, 15, tzinfo=UTC)  # a Friday
OFFICE = Calendar(ZoneInfo("UTC"), tuple(((9 * 60, 17 * 60),) if day < 5 else () for day in range(7)))
HOUR = timedelta(hours=1)


def test_moments_count_from_asking_and_back_from_the_due_time():
    due = parse(
        {"due": {"after": "4h", "remind": ["-1h", "1h"], "escalate": [{"after": "2h", "to": {"roles": ["owner"]}}]}}
    ).due
    planned = plan(due, ASKED, None)
    assert (planned.remind, planned.escalate, planned.due) == (
        (ASKED + HOUR, ASKED + 3 * HOUR),
        (ASKED + 2 * HOUR,),
        ASKED + 4 * HOUR,
    )


def test_business_hours_count_for_each_of_them():
    due = Due(
        after_s=8 * 3600, hours="business", remind_s=(-3600,), escalate=(Escalation(3 * 3600, Who(roles=("owner",))),)
    )
    planned = plan(due, ASKED, OFFICE)
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    assert (planned.remind, planned.escalate, planned.due) == (
        (monday + 14 * HOUR,),
        (monday + 10 * HOUR,),
        monday + 15 * HOUR,
    )


def test_reminders_before_asking_and_after_the_due_time_are_left_out():
    assert plan(Due(after_s=3600, remind_s=(-3600, -7200, 3600, 7200, 60)), ASKED, None).remind == (
        ASKED + timedelta(minutes=1),
    )


def test_without_a_due_time_reminders_count_from_asking_alone():
    planned = plan(Due(remind_s=(7200, 3600)), ASKED, None)
    assert (planned.remind, planned.due) == ((ASKED + HOUR, ASKED + 2 * HOUR), None)


SECONDS = st.integers(1, 10**6)
REMINDERS = st.lists(st.integers(-(10**6), 10**6).filter(bool), max_size=8)


@settings(max_examples=60, deadline=None)
@given(SECONDS, REMINDERS, st.lists(SECONDS, max_size=5), st.sampled_from([None, OFFICE]))
def test_what_is_planned_is_in_order_after_asking_and_kept_as_it_is(after_s, remind_s, steps, calendar):
    due = Due(after_s=after_s, remind_s=tuple(remind_s), escalate=tuple(Escalation(s, Who()) for s in sorted(steps)))
    planned = plan(due, ASKED, calendar)
    assert list(planned.remind) == sorted(planned.remind)
    assert list(planned.escalate) == sorted(planned.escalate)
    assert len(planned.escalate) == len(steps)
    assert all(ASKED < moment <= planned.due for moment in planned.remind)
    assert kept_plan({"planned": planned.as_json()}, planned.due) == planned


def test_after_a_break_what_passed_in_it_comes_as_long_after_its_end_as_it_lay_after_its_beginning():
    planned = plan(Due(after_s=4 * 3600, remind_s=(3600, -3600)), ASKED, None)
    began, over = ASKED + 2 * HOUR, ASKED + 10 * HOUR
    moved = planned.resumed(began, over, None)
    assert moved.remind == (ASKED + HOUR, over + HOUR)  # the first was told before
    assert moved.due == over + 2 * HOUR
    assert moved.resumed(began, over, None) == moved


def test_after_a_break_nothing_is_decided_within_the_hour():
    planned = plan(Due(after_s=4 * 3600), ASKED, None)
    for began in (ASKED + 3.9 * HOUR, ASKED + 5 * HOUR):
        over = began + 3 * HOUR
        assert planned.resumed(began, over, None).due == over + HOUR


def test_what_a_break_did_not_reach_stays():
    planned = plan(Due(after_s=4 * 3600), ASKED, None)
    assert planned.resumed(ASKED + HOUR, ASKED + 2 * HOUR, None) == planned


def test_after_a_break_only_open_hours_count_too():
    planned = plan(Due(after_s=8 * 3600, hours="business"), ASKED, OFFICE)  # Monday at 15
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    moved = planned.resumed(monday + 13 * HOUR, monday + 40 * HOUR, OFFICE)  # until Tuesday at 16
    assert moved.due == plan(Due(after_s=2 * 3600), monday + 40 * HOUR, OFFICE).due
