"""Reading one's own notifications."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from collaboration.models import Notification
from collaboration.notifications.kinds import ASKING
from nexod.kernel.errors import NotFound
from nexod.kernel.topics import publish, workspace_topic
from tenants.accounts.models import User
from tenants.context import current_tenant
from workflows.models import Approval, Run


def mark_read(*, actor: User, notification: Notification) -> Notification:
    """Return the notification, read; reading it again keeps the first time. Raises NotFound for somebody else's."""
    if notification.user_id != actor.pk:
        raise NotFound
    ours = Q(pk=notification.pk) | Q(folded_into=notification.pk)
    if Notification.objects.visible_to(actor).unread().filter(ours).update(read_at=timezone.now()):
        _tell_numbers([actor.pk])
    notification.refresh_from_db(fields=["read_at"])
    return notification


def mark_all_read(*, actor: User) -> int:
    """Return how many were unread until now."""
    read = Notification.objects.visible_to(actor).unread().update(read_at=timezone.now())
    _tell_numbers([actor.pk])
    return read


def read_what_asks(approval: Approval) -> None:
    """Mark read what asks for a decision that is made, or not needed any more; while it is asked, for those who have voted."""
    asking = Notification.objects.filter(about=approval.pk)
    if approval.status == Approval.Status.PENDING:
        voted = approval.votes.filter(round=approval.round)
        asking = asking.filter(user__in=voted.values("user"))
    _read(asking)


def read_what_asked(run: Run) -> None:
    """Mark read what asks for decisions of the run that are made, or not needed any more."""
    _read(Notification.objects.filter(about__in=run.approvals.exclude(status=Approval.Status.PENDING).values("pk")))


def _read(asking: QuerySet[Notification]) -> None:
    asking = asking.filter(kind__in=ASKING, read_at=None)
    people = set(asking.values_list("user_id", flat=True))
    asking.filter(user__in=people).update(read_at=timezone.now())
    _tell_numbers(people)


def _tell_numbers(people: Collection[UUID]) -> None:
    """Tell the other pages of each how many are unread now."""
    if not people:
        return
    unread = Notification.objects.filter(user__in=people).unread().shown()
    numbers = dict(unread.order_by().values("user").annotate(number=Count("pk")).values_list("user", "number"))
    for person in people:
        message = {"kind": "notification.read", "user": str(person), "unread": numbers.get(person, 0)}
        publish(workspace_topic(current_tenant().pk), message)
