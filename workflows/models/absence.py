"""Absences: who is away until when, and who decides meanwhile."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from tenants.records import Record


class AbsenceQuerySet(models.QuerySet["Absence"]):
    """Reads of absences."""

    def at(self, moment: datetime) -> AbsenceQuerySet:
        """Return those that hold then."""
        return self.filter(Q(until_at__gt=moment) | Q(until_at=None), from_at__lte=moment)


class Absence(Record):
    """A person is away; ``stand_in`` may decide in their place, wherever that is not kept from them."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="absences")
    stand_in = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="stands_in")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True, help_text="Empty: until it is deleted")

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        ordering = ("-from_at", "-id")
        constraints: ClassVar = [
            models.CheckConstraint(name="absence_has_another", condition=~Q(user=F("stand_in"))),
            models.CheckConstraint(
                name="absence_ends_later", condition=Q(until_at=None) | Q(until_at__gt=F("from_at"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} is away, {self.stand_in} stands in"
