"""Reading one's own notifications."""

from __future__ import annotations

from django.utils import timezone

from collaboration.models import Notification
from nexod.kernel.errors import NotFound
from tenants.accounts.models import User


def mark_read(*, actor: User, notification: Notification) -> Notification:
    """Return the notification, read; reading it again keeps the first time. Raises NotFound for somebody else's."""
    if notification.user_id != actor.pk:
        raise NotFound
    Notification.objects.unread().filter(pk=notification.pk).update(read_at=timezone.now())
    notification.refresh_from_db(fields=["read_at"])
    return notification


def mark_all_read(*, actor: User) -> int:
    """Return how many were unread until now."""
    return Notification.objects.visible_to(actor).unread().update(read_at=timezone.now())
