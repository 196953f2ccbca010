"""Tell people what they should know, once each: the row is the notification, the live message a hint."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from collaboration.models import Notification
from nexod.kernel.topics import publish, workspace_topic
from tenants.accounts.models import User
from tenants.accounts.roles import OWNER
from tenants.context import current_tenant
from workflows.models import Approval, Run

APPROVAL_REQUESTED, RUN_FINISHED = "approval.requested", "run.finished"


def notify_approval(*, approval_id: UUID) -> int:
    """Tell everybody who may decide a pending approval; return how many were told now. Told again, nobody is told twice."""
    approval = Approval.objects.select_related("run").filter(pk=approval_id).first()
    if approval is None or approval.status != Approval.Status.PENDING:
        return 0
    people = User.objects.filter(is_active=True, groups__name__in=[*approval.roles, OWNER]).distinct()
    url = f"/admin/workflows/approval/{approval.pk}/change/"
    title = approval.title if approval.kind == Approval.Kind.EFFECT else f"Approve: {approval.title}"
    return _tell(people, kind=APPROVAL_REQUESTED, title=title, url=url, key=f"approval:{approval.pk}")


def notify_run(*, run_id: UUID) -> int:
    """Tell whoever started a run how it ended; return how many were told now."""
    run = Run.objects.select_related("started_by").filter(pk=run_id).first()
    if run is None or not run.is_over or run.started_by is None:
        return 0
    url = f"/admin/workflows/run/{run.pk}/change/"
    return _tell([run.started_by], kind=RUN_FINISHED, title=f"{run.title} {run.status}", url=url, key=f"run:{run.pk}")


@transaction.atomic
def _tell(people: Iterable[User], *, kind: str, title: str, url: str, key: str) -> int:
    told = 0
    topic = workspace_topic(current_tenant().pk)
    for person in people:
        row, is_new = Notification.objects.get_or_create(
            user=person, key=key, defaults={"kind": kind, "title": title[:200], "url": url}
        )
        if is_new:
            told += 1
            message = {
                "kind": f"notification.{kind}",
                "user": str(person.pk),
                "id": str(row.pk),
                "title": row.title,
                "url": url,
            }
            publish(topic, message)
    return told
