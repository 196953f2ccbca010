"""Approvals: what a person was asked, and what was decided."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenants.records import Record
from workflows.models.effect import Effect
from workflows.models.run import Run, Step


class ApprovalQuerySet(models.QuerySet["Approval"]):
    """Reads of approvals."""

    def pending(self) -> ApprovalQuerySet:
        """Return what still waits for a decision."""
        return self.filter(status=Approval.Status.PENDING)


class Approval(Record):
    """A question that parks a run until somebody with the right role has decided."""

    class Kind(models.TextChoices):
        """Whether something is to be approved, or an effect's outcome is to be told."""

        APPROVAL = "approval"
        EFFECT = "effect"

    class Status(models.TextChoices):
        """Open, decided, or not needed any more because the run ended."""

        PENDING = "pending"
        DECIDED = "decided"
        WITHDRAWN = "withdrawn"

    class Decision(models.TextChoices):
        """What a person can decide: the last three of an effect whose outcome is unknown."""

        APPROVE = "approve"
        REJECT = "reject"
        REQUEST_CHANGES = "request_changes"
        EDIT = "edit"
        HAPPENED = "happened"
        AGAIN = "again"
        FAIL = "fail"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="approvals")
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="approvals", db_index=False)
    key = models.CharField(max_length=120, default="#1", help_text="Which question of the step")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.APPROVAL)
    effect = models.ForeignKey(Effect, null=True, on_delete=models.CASCADE, related_name="questions")
    title = models.CharField(max_length=200)
    instructions = models.TextField(blank=True)
    content = models.TextField(blank=True, help_text="Markdown")
    roles = ArrayField(models.CharField(max_length=20), default=list, help_text="Who may decide")
    decisions = ArrayField(models.CharField(max_length=20), default=list, help_text="What may be decided")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    decision = models.CharField(max_length=20, choices=Decision, blank=True)
    comment = models.TextField(max_length=4000, blank=True)
    edited_content = models.TextField(blank=True)
    decided_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="decisions")
    decided_at = models.DateTimeField(null=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        permissions = (("decide_approval", "Can decide approval"),)
        indexes: ClassVar = [models.Index(fields=["status", "-created_at"], name="approval_inbox")]
        constraints: ClassVar = [models.UniqueConstraint(fields=["step", "key"], name="approval_once_a_question")]

    def __str__(self) -> str:
        return self.title
