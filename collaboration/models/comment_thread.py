"""Threads of comments: what people say about a workflow, a run or an approval, at the place that they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce

from tenants.records import Record

if TYPE_CHECKING:
    from tenants.accounts.models import User

# What a thread can be about, and the permission that its readers need.
SUBJECTS = {
    "workflow": "workflows.view_workflow",
    "run": "workflows.view_run",
    "approval": "workflows.view_approval",
}
VIEW_STEPS = "workflows.view_step"


class CommentThreadQuerySet(models.QuerySet["CommentThread"]):
    """Reads of threads."""

    def visible_to(self, user: User) -> CommentThreadQuerySet:
        """Return those about what the user may see."""
        kinds = [kind for kind, permission in SUBJECTS.items() if user.has_perm(permission)]
        rows = self.filter(kind__in=kinds)
        return rows if user.has_perm(VIEW_STEPS) else rows.exclude(part=CommentThread.Part.STEP)

    def marked_for(self, user: User) -> CommentThreadQuerySet:
        """Add ``is_unread``: somebody else has written since the user last looked; before the user was here nothing counts."""
        from collaboration.models.comment import Comment, ThreadVisit

        seen = ThreadVisit.objects.filter(thread=OuterRef("thread"), user=user).values("seen_at")
        since = Coalesce(models.Subquery(seen), models.Value(user.created_at))
        news = Comment.objects.filter(thread=OuterRef("pk"), deleted_at=None, created_at__gt=since)
        return self.annotate(is_unread=Exists(news.exclude(author=user)))


class CommentThread(Record):
    """A conversation at one place. The place is remembered as it was, so that the thread can be read when it is gone."""

    class Kind(models.TextChoices):
        """What it is about."""

        WORKFLOW = "workflow"
        RUN = "run"
        APPROVAL = "approval"

    class Part(models.TextChoices):
        """Which part of that: all of it, a node, a range of a node's text, or a step of a run."""

        WHOLE = "whole"
        NODE = "node"
        TEXT = "text"
        STEP = "step"

    kind = models.CharField(max_length=10, choices=Kind)
    workflow = models.ForeignKey(
        "workflows.Workflow", null=True, on_delete=models.CASCADE, related_name="threads", db_index=False
    )
    run = models.ForeignKey(
        "workflows.Run", null=True, on_delete=models.CASCADE, related_name="threads", db_index=False
    )
    approval = models.ForeignKey(
        "workflows.Approval", null=True, on_delete=models.CASCADE, related_name="threads", db_index=False
    )
    part = models.CharField(max_length=10, choices=Part, default=Part.WHOLE)
    node = models.CharField(max_length=80, blank=True, help_text="Key of the node; of a step, the id of its node")
    field = models.CharField(max_length=200, blank=True, help_text="Which text of the node, such as config.prompt")
    step = models.ForeignKey(
        "workflows.Step", null=True, on_delete=models.CASCADE, related_name="threads", db_index=False
    )
    place = models.CharField(
        max_length=200, blank=True, help_text="What the place was called when the thread was opened"
    )
    quote = models.TextField(max_length=500, blank=True, help_text="The text of the range as it was then")
    range_start = models.CharField(max_length=400, blank=True, help_text="Yjs relative position, base64")
    range_end = models.CharField(max_length=400, blank=True, help_text="Yjs relative position, base64")
    at_start = models.PositiveIntegerField(null=True, help_text="Where the range is now; null: it is gone")
    at_end = models.PositiveIntegerField(null=True)
    checked = models.CharField(
        max_length=40, blank=True, help_text="The state of the draft that the place was looked for in"
    )
    orphaned_at = models.DateTimeField(null=True, help_text="The place was gone when it was looked for then")
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    author = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    last_at = models.DateTimeField(auto_now_add=True, help_text="When somebody wrote last")

    objects = CommentThreadQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="thread_newest"),
            models.Index(fields=["workflow", "-created_at", "-id"], name="thread_of_workflow"),
            models.Index(fields=["run", "-created_at", "-id"], name="thread_of_run"),
            models.Index(fields=["approval", "-created_at", "-id"], name="thread_of_approval"),
            models.Index(fields=["step"], name="thread_of_step", condition=Q(step__isnull=False)),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="thread_is_about_one_thing",
                condition=Q(kind="workflow", workflow__isnull=False, run=None, approval=None)
                | Q(kind="run", run__isnull=False, workflow=None, approval=None)
                | Q(kind="approval", approval__isnull=False, workflow=None, run=None),
            ),
        ]

    def __str__(self) -> str:
        return self.place or self.kind

    @property
    def subject(self) -> models.Model:
        """Return what it is about."""
        found: models.Model = getattr(self, self.kind)
        return found

    @property
    def subject_id(self) -> str:
        """Return the id of what it is about."""
        return str(getattr(self, f"{self.kind}_id"))
