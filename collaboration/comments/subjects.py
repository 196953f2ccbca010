"""What threads are about: the row, its page, and who else has a stake in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet

from collaboration.models import CommentThread
from collaboration.models.comment_thread import SUBJECTS, VIEW_STEPS
from nexod.kernel.errors import NotFound
from tenants.accounts.models import User
from tenants.accounts.permissions import holding
from workflows.models import Approval, Run, Workflow

MODELS: dict[str, type[Model]] = {"workflow": Workflow, "run": Run, "approval": Approval}
NAMES = {"workflow": "name", "run": "title", "approval": "title"}


class SubjectUnknown(NotFound):
    """There is nothing like that here to comment on."""

    code = "subject_unknown"


def subject_of(actor: User, kind: str, id_: UUID) -> Any:
    """Return the row; raise SubjectUnknown for one that is not there, and for one that the person may not see."""
    found = None
    if kind in MODELS and actor.has_perm(SUBJECTS[kind]):
        only = ("id", NAMES[kind])
        found = MODELS[kind]._default_manager.filter(pk=id_).only(*only).first()
    if found is None:
        raise SubjectUnknown
    return found


def name_of(thread: CommentThread) -> str:
    """Return what people call what the thread is about."""
    return str(getattr(thread.subject, NAMES[thread.kind]))


def page_of(thread: CommentThread) -> str:
    """Return the page of the subject, opened at the thread."""
    return f"/admin/workflows/{thread.kind}/{thread.subject_id}/change/?thread={thread.pk}"


def who_may_see(kind: str, part: str = "") -> QuerySet[User]:
    """Return the active people who may see threads of that kind."""
    people = User.objects.filter(holding(SUBJECTS[kind]), is_active=True)
    people = people.filter(holding("collaboration.view_commentthread"))
    return people.filter(holding(VIEW_STEPS)) if part == CommentThread.Part.STEP else people


def concerned(thread: CommentThread) -> set[UUID]:
    """Return whom a new thread concerns without having said anything: who made, started or holds what it is about."""
    ids: Iterable[UUID | None]
    if thread.kind == "workflow":
        ids = Workflow.objects.filter(pk=thread.subject_id, versions__number=0).values_list(
            "versions__author", flat=True
        )
    elif thread.kind == "run":
        ids = Run.objects.filter(pk=thread.subject_id).values_list("started_by", flat=True)
    else:
        rows = Approval.objects.filter(pk=thread.subject_id).values_list("run__started_by", "assigned_to", "claimed_by")
        ids = [one for row in rows for one in row]
    return {one for one in ids if one is not None}
