"""When an approval is reminded of, escalated and due: planned once, when it is asked, as moments that no clock moves afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from workflows.approvals.calendar import Calendar, open_times, open_until
from workflows.approvals.policy import Due

AT_LEAST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """The moments of one question, each kind in order; ``escalate`` has one for each step of the policy."""

    remind: tuple[datetime, ...] = ()
    escalate: tuple[datetime, ...] = ()
    due: datetime | None = None

    def as_json(self) -> dict[str, list[str]]:
        """Return the moments before the due time as the approval keeps them."""
        return {
            "remind": [at.isoformat() for at in self.remind],
            "escalate": [at.isoformat() for at in self.escalate],
        }

    def passed(self, moment: datetime) -> bool:
        """Say whether any of it had passed by then."""
        return any(at <= moment for at in (*self.remind, *self.escalate, *([self.due] if self.due else [])))

    def resumed(self, began: datetime, over: datetime, calendar: Calendar | None) -> Plan:
        """Return it after a break: what passed in it comes as long after its end as it lay after its beginning.

        What decides without anybody comes no sooner than AT_LEAST after the end.
        """

        def moved(at: datetime, least: timedelta = timedelta()) -> datetime:
            if at > over or (at <= began and not least):
                return at
            left = max(at - began, least)
            if calendar is None:
                return over + left
            worked = sum((end - start for start, end in open_times(calendar, began, max(at, began))), timedelta())
            return open_until(calendar, over, max(worked, least))

        return Plan(
            remind=tuple(moved(at) for at in self.remind),
            escalate=tuple(moved(at) for at in self.escalate),
            due=self.due and moved(self.due, AT_LEAST),
        )


def plan(due: Due, asked_at: datetime, calendar: Calendar | None) -> Plan:
    """Return the moments of a question that is asked then; with a calendar only its open hours count.

    A reminder that would come before it is asked, or when it is due already, is left out.
    """

    def after(seconds: int) -> datetime:
        length = timedelta(seconds=seconds)
        return asked_at + length if calendar is None else open_until(calendar, asked_at, length)

    reminders = {_after_asking(seconds, due.after_s) for seconds in due.remind_s}
    return Plan(
        remind=tuple(after(seconds) for seconds in sorted(reminders) if 0 < seconds < (due.after_s or seconds + 1)),
        escalate=tuple(after(step.after_s) for step in due.escalate),
        due=None if due.after_s is None else after(due.after_s),
    )


def kept_plan(policy: dict[str, dict[str, list[str]]], due: datetime | None) -> Plan:
    """Return the plan that the approval's policy keeps."""
    planned = policy.get("planned", {})
    return Plan(
        remind=tuple(datetime.fromisoformat(at) for at in planned.get("remind", ())),
        escalate=tuple(datetime.fromisoformat(at) for at in planned.get("escalate", ())),
        due=due,
    )


def _after_asking(seconds: int, due_s: int | None) -> int:
    """Return how long after asking a reminder comes; a negative one is before the due time."""
    return seconds if seconds > 0 else (due_s or 0) + seconds
