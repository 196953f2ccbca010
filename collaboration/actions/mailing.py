"""Put notifications on e-mails: one of their own, the digest that comes next, or the one that ends the person's quiet hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings

from collaboration.actions.outbox import announce
from collaboration.models import Delivery, Notification, NotificationHours, NotificationPreference
from collaboration.notifications.timing import Slot, slot_of
from tenants import due_times

# The first of several goes at once; what follows sooner than this goes together.
TOGETHER = timedelta(minutes=2)
OFF = NotificationPreference.Email.OFF


def put_on_mail(told: Sequence[tuple[Notification, str]]) -> None:
    """Put each on an e-mail of its person, who chose to be written to so. In the caller's transaction."""
    mailed = [(one, choice) for one, choice in told if choice != OFF and settings.NEXOD_SENDS_MAIL]
    if not mailed:
        return
    now = due_times.database_now()
    hours = {row.user_id: row for row in NotificationHours.objects.filter(user__in=[one.user_id for one, _ in mailed])}
    for one, choice in mailed:
        one.delivery = _mail_for(one, slot_of(one.kind, choice, hours.get(one.user_id), now), now)
    Notification.objects.bulk_update([one for one, _ in mailed], ["delivery"])


def _mail_for(one: Notification, slot: Slot, now: datetime) -> Delivery:
    """Return the e-mail that waits for that time, or a new one."""
    waiting = Delivery.objects.waiting_mail(one.user).filter(event=slot.event).select_for_update()
    if slot.at is not None:
        key = f"{slot.event}:{slot.at:%Y%m%dT%H%M}"
        return waiting.filter(key=key).first() or _written(one, slot.event, _unused(one, key), slot.at)
    joined = waiting.filter(next_at__gt=now).first()
    if joined is not None:
        return joined
    recent = Delivery.objects.filter(user=one.user_id, event=slot.event, created_at__gt=now - TOGETHER).exists()
    return _written(one, slot.event, f"{slot.event}:{one.pk}", now + TOGETHER if recent else None)


def _unused(one: Notification, key: str) -> str:
    """Return the key, or, where the e-mail of that time has gone already, one of the notification's own."""
    return f"{key}:{one.pk}" if Delivery.objects.filter(user=one.user_id, key=key).exists() else key


def _written(one: Notification, event: str, key: str, at: datetime | None) -> Delivery:
    delivery, is_new = Delivery.objects.get_or_create(
        user=one.user, key=key, defaults={"event": event, "payload": {}, "next_at": at}
    )
    if is_new:
        announce(delivery)
    return delivery
