"""Tells the time. Models do not know it, and guess when they are not told."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agents.tools.base import Json, Tool
from agents.tools.errors import ArgumentsInvalid

_ZONE = {"type": "string", "maxLength": 60, "description": "Such as Europe/Berlin"}


class Clock(Tool):
    """Gives date, time, weekday and zone."""

    name = "current_time"
    title = "Current time"
    description = "Tells the present date, time and weekday."
    parameters = {
        "type": "object",
        "properties": {"timezone": _ZONE},
        "additionalProperties": False,
    }
    settings = {
        "type": "object",
        "properties": {"timezone": {**_ZONE, "title": "Time zone", "default": "UTC"}},
        "additionalProperties": False,
    }

    def complaints(self, settings: Json) -> list[str]:
        """Return what is wrong with the zone."""
        try:
            _zone(settings.get("timezone", ""))
        except ArgumentsInvalid as error:
            return [error.message]
        return []

    def run(self, arguments: Json, settings: Json, key: str) -> Json:
        """Return the present time in the zone that is asked for, else in that of the settings."""
        zone = _zone(arguments.get("timezone") or settings.get("timezone", ""))
        now = datetime.now(UTC).astimezone(zone)
        return {"now": now.isoformat(timespec="seconds"), "weekday": f"{now:%A}", "timezone": str(zone)}


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ArgumentsInvalid(f"There is no time zone {name!r}; write it such as Europe/Berlin.") from error
