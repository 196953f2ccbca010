"""Tell people what they should know, once each: the row is the notification, the live message a hint, the e-mail a delivery."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from collaboration.actions.mailing import put_on_mail
from collaboration.models import Notification, NotificationPreference
from collaboration.notifications.kinds import kind_of
from nexod.kernel.topics import publish, workspace_topic
from tenants import due_times
from tenants.accounts.models import User
from tenants.context import current_tenant

# Of what comes again within this time, unread, the inbox shows the first and how many more.
BURST = timedelta(minutes=10)


@transaction.atomic
def tell(
    people: Iterable[User],
    *,
    kind: str,
    title: str,
    url: str,
    key: str,
    about: UUID | None = None,
    burst: str = "",
) -> int:
    """Tell each of them once for each ``key``, where and when they want to be told; return how many were told now.

    ``about`` is the row that a link in an e-mail needs. What has the same ``burst`` is folded when it comes soon after another.
    """
    asked = {person.pk: person for person in people}
    choices = {one.user_id: one for one in NotificationPreference.objects.filter(user__in=asked, kind=kind)}
    facts: dict[str, Any] = {"kind": kind, "title": title[:200], "url": url, "key": key, "about": about}
    wanted = [
        Notification(user=person, burst=burst[:120], in_app=pk not in choices or choices[pk].in_app, **facts)
        for pk, person in sorted(asked.items())  # two who tell of the same wait for each other in one order
    ]
    Notification.objects.bulk_create(wanted, ignore_conflicts=True)
    ours = set(Notification.objects.filter(pk__in=[one.pk for one in wanted]).values_list("pk", flat=True))
    told = [one for one in wanted if one.pk in ours]
    _fold(told, burst)
    usual = kind_of(kind).email
    put_on_mail([(one, choices[one.user_id].email if one.user_id in choices else usual) for one in told])
    for one in told:
        _announce(one)
    return len(told)


def _fold(told: list[Notification], burst: str) -> None:
    """Put each under its person's unread one of the same burst, if that is fresh."""
    if not burst or not told:
        return
    since = due_times.database_now() - BURST
    others = Notification.objects.filter(
        user__in=[one.user_id for one in told], burst=burst[:120], created_at__gt=since
    )
    heads = dict(
        others.unread().shown().exclude(pk__in=[one.pk for one in told])
        .order_by("user_id", "-created_at").distinct("user_id").values_list("user_id", "pk")
    )  # fmt: skip
    for one in told:
        one.folded_into_id = heads.get(one.user_id)
    Notification.objects.bulk_update([one for one in told if one.folded_into_id], ["folded_into"])


def _announce(one: Notification) -> None:
    if one.in_app:
        message = {"kind": f"notification.{one.kind}", "user": str(one.user_id), "id": str(one.pk), "title": one.title}
        publish(workspace_topic(current_tenant().pk), {**message, "url": one.url, "folded": bool(one.folded_into_id)})
