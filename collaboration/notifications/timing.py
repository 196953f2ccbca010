"""When a person's e-mail goes: at once, with the next digest, or after the hours in which the person is left alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from collaboration.models.preference import NotificationHours, NotificationPreference

Email = NotificationPreference.Email
HOURLY, DAILY, QUIET = "digest.hourly", "digest.daily", "digest.quiet"
DIGESTS = {HOURLY: Email.HOURLY, DAILY: Email.DAILY, QUIET: Email.IMMEDIATE}


@dataclass(frozen=True, slots=True)
class Slot:
    """The e-mail on which a notification goes: its kind of mail, and when that is sent (None is now)."""

    event: str
    at: datetime | None = None


def slot_of(kind: str, choice: str, hours: NotificationHours | None, now: datetime) -> Slot:
    """Return when a notification of ``kind`` goes to who chose so; nothing goes in quiet hours."""
    hours = hours or NotificationHours()
    if choice == Email.HOURLY:
        return Slot(HOURLY, _after_quiet(hours, _next_hour(hours, now)))
    if choice == Email.DAILY:
        return Slot(DAILY, _after_quiet(hours, _next(hours, hours.daily_at, now)))
    later = _after_quiet(hours, now)
    return Slot(kind) if later == now else Slot(QUIET, later)


def _after_quiet(hours: NotificationHours, moment: datetime) -> datetime:
    """Return the moment, or the end of the quiet hours that it lies in."""
    begins, ends = hours.quiet_from, hours.quiet_until
    if begins is None or ends is None or begins == ends:
        return moment
    clock = moment.astimezone(_zone(hours)).time()
    inside = begins <= clock < ends if begins < ends else clock >= begins or clock < ends
    return _next(hours, ends, moment) if inside else moment


def _next(hours: NotificationHours, at: time, now: datetime) -> datetime:
    """Return when the person's clock shows ``at`` for the next time; days on which clocks change are as long as they are."""
    today = now.astimezone(_zone(hours)).date()
    moments = (datetime.combine(today + timedelta(days=ahead), at, _zone(hours)).astimezone(UTC) for ahead in (0, 1, 2))
    return next(moment for moment in moments if moment > now)


def _next_hour(hours: NotificationHours, now: datetime) -> datetime:
    """Return the next full hour of the person's clock, which half of India's neighbours have at another minute."""
    here = now.astimezone(_zone(hours))
    return now + timedelta(hours=1) - timedelta(minutes=here.minute, seconds=here.second, microseconds=here.microsecond)


def _zone(hours: NotificationHours) -> ZoneInfo:
    return ZoneInfo(hours.time_zone)
