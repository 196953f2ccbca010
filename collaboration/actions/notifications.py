"""Reading one's own notifications."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from collaboration.models import Notification
from nexod.kernel.errors import NotFound
from nexod.kernel.topics import publish, workspace_topic
from tenants.accounts.models import User
from tenants.context import current_tenant


def mark_read(*, actor: User, notification: Notification) -> Notification:
    """Return the notification, read; reading it again keeps the first time. Raises NotFound for somebody else's."""
    if notification.user_id != actor.pk:
        raise NotFound
    ours = Q(pk=notification.pk) | Q(folded_into=notification.pk)
    if Notification.objects.visible_to(actor).unread().filter(ours).update(read_at=timezone.now()):
        _tell_number(actor)
    notification.refresh_from_db(fields=["read_at"])
    return notification


def mark_all_read(*, actor: User) -> int:
    """Return how many were unread until now."""
    read = Notification.objects.visible_to(actor).unread().update(read_at=timezone.now())
    _tell_number(actor)
    return read


def _tell_number(actor: User) -> None:
    """Tell the person's other pages how many are unread now."""
    number = Notification.objects.visible_to(actor).unread().shown().count()
    message = {"kind": "notification.read", "user": str(actor.pk), "unread": number}
    publish(workspace_topic(current_tenant().pk), message)
