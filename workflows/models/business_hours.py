"""When the organisation works: one row in each tenant, or none, which is the usual office."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from tenants.records import Timestamped
from workflows.approvals.hours import DAYS


def office_week() -> dict[str, list[list[str]]]:
    """Return Monday to Friday, nine to five."""
    return {day: [["09:00", "17:00"]] if number < 5 else [] for number, day in enumerate(DAYS)}


class BusinessHours(Timestamped):
    """The hours that count where an approval's times are business hours."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    zone = models.CharField(max_length=60, default="UTC", help_text="Such as Europe/Berlin")
    week = models.JSONField(default=office_week, help_text="Weekday: [[from, to], ...]")
    holidays = models.JSONField(default=list, blank=True, help_text="[{date, name}, ...]")

    class Meta:
        verbose_name = verbose_name_plural = "business hours"
        constraints: ClassVar[list[Any]] = [models.CheckConstraint(name="business_hours_once", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"Business hours ({self.zone})"
