"""The kind ``schedule``: a cron line in a time zone, or an interval."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import ClassVar

from workflows.nodes.fields import closed
from workflows.triggers.base import Complaint, Json, TriggerType
from workflows.triggers.times import ScheduleInvalid, due_after, upcoming, zone_of

MOST_CAUGHT_UP = 100
LOOKED_AT = 50
"""How many of its next times are compared with its spread."""


class ScheduleTrigger(TriggerType):
    """Fires at its times, whoever is there."""

    kind = "schedule"
    title = "Schedule"
    description = "At fixed times: a cron line in a time zone, or every so many minutes."
    icon = "schedule"
    schema: ClassVar[Json] = closed(
        (),
        {
            "cron": {
                "type": "string", "title": "Cron line", "minLength": 1, "maxLength": 100,
                "description": "Minute, hour, day, month, weekday: 30 7 * * MON-FRI is half past seven on working days.",
            },
            "zone": {
                "type": "string", "title": "Time zone", "default": "UTC", "maxLength": 60, "format": "time-zone",
                "description": "In which the cron line is read, such as Europe/Berlin.",
            },
            "every_minutes": {
                "type": "integer", "title": "Or every so many minutes", "minimum": 1, "maximum": 44_640,
                "description": "Instead of a cron line; counted in UTC, whatever the clock does.",
            },
            "catch_up": {
                "type": "string", "title": "Times that were missed", "enum": ["none", "last", "all"], "default": "last",
                "description": "When Nexod was away: none is made up for, the last one, or all up to the limit.",
            },
            "catch_up_limit": {
                "type": "integer", "title": "At most", "minimum": 1, "maximum": MOST_CAUGHT_UP, "default": 10,
                "description": "How many missed times are made up for, the newest, when all are.",
            },
            "jitter_s": {
                "type": "integer", "title": "Spread over seconds", "minimum": 0, "maximum": 3600, "default": 0,
                "description": "Each firing comes up to so many seconds later, before the next one, so that not all come at once.",
            },
        },
    )  # fmt: skip

    def check(self, config: Json) -> list[Complaint]:
        """Refuse both or neither of the two ways, zones that do not exist, and lines that are never due."""
        if bool(config.get("cron")) == bool(config.get("every_minutes")):
            return [("cron", "Give either a cron line or an interval in minutes.")]
        try:
            zone_of(config["zone"])
            if due_after(config, datetime.now(UTC)) is None:
                return [("cron", f"{config['cron']!r} never comes: no year of the next fifty has such a day.")]
            return _spread_too_far(config)
        except ScheduleInvalid as error:
            return [(error.field, str(error))]

    def sample(self, config: Json) -> Json:
        """Return the time that is next due."""
        due = due_after(config, datetime.now(UTC))
        return {"due": due.isoformat() if due else None, "zone": config.get("zone", "UTC")}

    def summary(self, config: Json) -> str:
        """Return the line with its zone, or the interval."""
        if every := config.get("every_minutes"):
            return f"every {every} min"
        return f"{config.get('cron')} ({config.get('zone')})"


def _spread_too_far(config: Json) -> list[Complaint]:
    """Refuse a spread over the next time: what is put off behind that would be missed, and made up for or not."""
    if not config["jitter_s"]:
        return []
    gap_s = min((two - one).total_seconds() for one, two in pairwise(upcoming(config, datetime.now(UTC), LOOKED_AT)))
    if config["jitter_s"] <= gap_s:
        return []
    return [("jitter_s", f"Two of its times are only {gap_s:,.0f} seconds apart; spread each over at most so many.")]
