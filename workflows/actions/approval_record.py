"""The record of approvals: the only place that adds to it. Nothing changes or deletes what is there."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from tenants.accounts.models import User
from tenants.messages import enqueue_kept
from tenants.models import DueTime
from workflows.approvals.people import Member
from workflows.approvals.seen import present_digest
from workflows.models import Approval, ApprovalEntry

Kind = ApprovalEntry.Kind
# What is decided meanwhile is not withdrawn: the row is looked at again when its lock is free.
WITHDRAW = """
WITH withdrawn AS (
  UPDATE workflows_approval SET status = 'withdrawn', updated_at = clock_timestamp()
  WHERE id IN ({asked}) AND status = 'pending' RETURNING id, round, digest)
"""
NOTE = """
INSERT INTO workflows_approvalentry (approval_id, kind, by_email, for_email, round, digest, detail, at)
SELECT id, 'withdrawn', '', '', round, digest, '{because}', clock_timestamp() FROM withdrawn
"""


def note(
    approval: Approval,
    kind: ApprovalEntry.Kind,
    *,
    by: User | None = None,
    for_user: Member | None = None,
    **detail: Any,
) -> ApprovalEntry:
    """Add what happened to the record, and return it; without a person the platform did it. ``detail`` is JSON."""
    entry = _entry(approval, kind, by, for_user, detail)
    ApprovalEntry.objects.bulk_create([entry], ignore_conflicts=kind == Kind.SEEN)
    return entry


def tell_people(entry: int) -> None:
    """Have whom that line of the record concerns told of it, when the transaction commits, and again until they are."""
    enqueue_kept(DueTime.Kind.NOTED, UUID(int=entry))


def withdraw(asked: QuerySet[Approval], *, because: str) -> int:
    """Ask these no more, and add to the record why, in one statement; return how many they were. Who was asked is told."""
    sql, values = asked.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"{WITHDRAW.format(asked=sql)} {noting_withdrawn(because)} RETURNING id", values)
        entries = [entry for (entry,) in cursor.fetchall()]
    for entry in entries:
        tell_people(entry)
    return len(entries)


def noting_withdrawn(because: str) -> str:
    """Return the SQL that adds to the record what the rows of ``withdrawn`` are: approvals that are not asked any more."""
    return NOTE.format(because=json.dumps({"because": because}))


def note_seen(*, actor: User, approval: Approval) -> None:
    """Add that the person has seen what is to be decided as it is now; once, however often they look."""
    if approval.status == Approval.Status.PENDING:
        note(approval, Kind.SEEN, by=actor)


def _entry(
    approval: Approval, kind: ApprovalEntry.Kind, by: User | None, for_user: Member | None, detail: dict[str, Any]
) -> ApprovalEntry:
    return ApprovalEntry(
        approval=approval,
        kind=kind,
        by=by,
        by_email=by.email if by else "",
        for_user_id=for_user.id if for_user else None,
        for_email=for_user.email if for_user else "",
        round=approval.round,
        digest=present_digest(approval),
        detail=detail,
    )
