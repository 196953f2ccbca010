"""The number beside the notifications in the sidebar and on the bell."""

from __future__ import annotations

from django.http import HttpRequest

from collaboration.models import Notification
from nexod.admin.actors import actor_of


def unread_notifications(request: HttpRequest) -> str:
    """Return how many the person has not read yet, and keep it for the bell of the same page; zero shows nothing."""
    number = Notification.objects.visible_to(actor_of(request)).unread().shown().count()
    shown = "" if not number else "99+" if number > 99 else str(number)
    request.nexod_unread = shown  # type: ignore[attr-defined]
    return shown
