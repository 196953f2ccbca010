"""Notifications: what a person should know, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models

from tenants.records import Record

if TYPE_CHECKING:
    from tenants.accounts.models import User


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Reads of notifications."""

    def visible_to(self, user: User) -> NotificationQuerySet:
        """Return what the user was told."""
        return self.filter(user=user)

    def unread(self) -> NotificationQuerySet:
        """Return what was not read yet."""
        return self.filter(read_at__isnull=True)


class Notification(Record):
    """A line in somebody's inbox, with a place to go."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    url = models.CharField(max_length=300, blank=True)
    key = models.CharField(max_length=120, help_text="The same thing is told once")
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="notification_once")]
        indexes: ClassVar = [models.Index(fields=["user", "-created_at"], name="notification_inbox")]

    def __str__(self) -> str:
        return self.title
