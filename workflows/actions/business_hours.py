"""The hours that an organisation works: read as a calendar, and set."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from nexod.kernel.errors import InvalidInput
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from workflows.approvals.calendar import Calendar
from workflows.approvals.hours import HoursInvalid, read_holidays, read_week
from workflows.models.business_hours import BusinessHours
from workflows.triggers.times import ScheduleInvalid, zone_of


def business_hours() -> BusinessHours:
    """Return the tenant's hours; the usual office where nobody has set any."""
    return BusinessHours.objects.first() or BusinessHours()


def tenant_calendar() -> Calendar:
    """Return the tenant's hours as a calendar."""
    hours = business_hours()
    days = frozenset(date.fromisoformat(holiday["date"]) for holiday in hours.holidays)
    return Calendar(ZoneInfo(hours.zone), read_week(hours.week), days)


@transaction.atomic
def set_business_hours(
    *, actor: User, zone: str | None = None, week: Mapping[str, Any] | None = None, holidays: Any = None
) -> BusinessHours:
    """Change what is given. What was asked before keeps its times. Raises PermissionDenied, InvalidInput by field."""
    require_permission(actor, "workflows.change_businesshours")
    found = BusinessHours.objects.select_for_update().first() or BusinessHours()
    try:
        if zone is not None:
            found.zone = str(zone_of(zone))
        if week is not None:
            read_week(week)
            found.week = dict(week)
        if holidays is not None:
            found.holidays = read_holidays(holidays)
    except (ScheduleInvalid, HoursInvalid) as refused:
        raise InvalidInput(details=[{"field": refused.field, "message": str(refused)}]) from refused
    found.save()
    return found
