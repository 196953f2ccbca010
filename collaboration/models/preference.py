"""What each person wants to be told, where, and when not."""

from __future__ import annotations

from datetime import time
from typing import ClassVar

from django.db import models

from tenants.records import Record


class NotificationPreference(Record):
    """One person's choice for one kind of notification; without a row the kind's own default holds."""

    class Email(models.TextChoices):
        """When an e-mail is sent."""

        OFF = "off", "No e-mail"
        IMMEDIATE = "immediate", "At once"
        HOURLY = "hourly", "Hourly digest"
        DAILY = "daily", "Daily digest"

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="notification_preferences")
    kind = models.CharField(max_length=40)
    in_app = models.BooleanField(default=True)
    email = models.CharField(max_length=10, choices=Email, default=Email.IMMEDIATE)

    class Meta:
        ordering = ("kind", "id")
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "kind"], name="notification_preference_once")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.email}"


class NotificationHours(Record):
    """When a person is left alone, and when the daily digest comes, all by the clock of where the person is."""

    user = models.OneToOneField("accounts.User", on_delete=models.CASCADE, related_name="notification_hours")
    time_zone = models.CharField(max_length=64, default="UTC")
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    daily_at = models.TimeField(default=time(8))

    class Meta:
        verbose_name_plural = "notification hours"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="quiet_hours_begin_and_end",
                condition=models.Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | models.Q(quiet_from__isnull=False, quiet_until__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.time_zone
