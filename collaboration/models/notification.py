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

    def shown(self) -> NotificationQuerySet:
        """Return what stands for itself: not folded into another, and not kept out of the inbox by a preference."""
        return self.filter(folded_into__isnull=True, in_app=True)

    def with_more(self) -> NotificationQuerySet:
        """Add ``more``: how many others are folded into each."""
        return self.annotate(more=models.Count("folded"))


class Notification(Record):
    """A line in somebody's inbox, with a place to go."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    url = models.CharField(max_length=300, blank=True)
    key = models.CharField(max_length=120, help_text="The same thing is told once")
    about = models.UUIDField(null=True, blank=True, help_text="The row that it is about, such as the approval")
    burst = models.CharField(
        max_length=120, blank=True, help_text="What comes soon after another of the same is folded"
    )
    folded_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="folded")
    in_app = models.BooleanField(default=True, help_text="Shown in the inbox")
    delivery = models.ForeignKey(
        "collaboration.Delivery", null=True, blank=True, on_delete=models.SET_NULL, related_name="notifications"
    )
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="notification_once")]
        indexes: ClassVar = [
            models.Index(fields=["user", "-created_at"], name="notification_inbox"),
            models.Index(fields=["user"], name="notification_unread", condition=models.Q(read_at=None)),
        ]

    def __str__(self) -> str:
        return self.title
