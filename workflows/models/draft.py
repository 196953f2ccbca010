"""What happened to a workflow's draft: who changed what in which stretch of time, and states of it that are kept."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from tenants.records import Record
from workflows.models.workflow import Workflow


class DraftEdit(Record):
    """What one person changed in one stretch of work: the differences from its beginning to its end, by node and field."""

    class Source(models.TextChoices):
        """How the change came."""

        TOGETHER = "together", "In the editor"
        SAVED = "saved", "Saved as a whole"
        RESTORED = "restored", "Restored"
        IMPORTED = "imported", "Imported"

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="draft_edits", db_index=False)
    author = models.ForeignKey(
        "accounts.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.SAVED)
    changes = models.JSONField(default=list, help_text="Each: sort, node, title, field, before, after")
    note = models.CharField(max_length=200, blank=True, help_text="Such as which version was restored")
    ended_at = models.DateTimeField(default=timezone.now)
    closed = models.BooleanField(
        default=False, help_text="Later changes begin a new one: a version was published since"
    )

    class Meta:
        ordering = ("-ended_at", "-id")
        indexes: ClassVar = [models.Index(fields=["workflow", "-ended_at"], name="draft_edit_by_time")]

    def __str__(self) -> str:
        return f"{self.workflow_id} {self.ended_at:%F %T}"


class DraftSnapshot(Record):
    """A state of the draft that is kept: taken now and then, before it is replaced, or because somebody named it."""

    class Kind(models.TextChoices):
        """Why it is kept."""

        AUTOMATIC = "automatic", "Now and then"
        NAMED = "named", "Named"
        REPLACED = "replaced", "Before it was replaced"

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="draft_snapshots", db_index=False)
    author = models.ForeignKey(
        "accounts.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False,
        help_text="Who named it, or who replaced it",
    )  # fmt: skip
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.AUTOMATIC)
    name = models.CharField(max_length=120, blank=True)
    definition = models.JSONField()
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=["workflow", "-created_at"], name="draft_snapshot_by_time"),
            models.Index(fields=["workflow", "digest"], name="draft_snapshot_by_digest"),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.created_at:%-d %B %Y, %H:%M} UTC"
