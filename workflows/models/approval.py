"""Approvals: what a person was asked, and what was decided."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenants.records import Record
from workflows.models.run import Run, Step


class ApprovalQuerySet(models.QuerySet["Approval"]):
    """Reads of approvals."""

    def pending(self) -> ApprovalQuerySet:
        """Return what still waits for a decision."""
        return self.filter(status=Approval.Status.PENDING)


class Approval(Record):
    """A question that parks a run until somebody with the right role has decided."""

    class Status(models.TextChoices):
        """Open, decided, or not needed any more because the run ended."""

        PENDING = "pending"
        DECIDED = "decided"
        WITHDRAWN = "withdrawn"

    class Decision(models.TextChoices):
        """What a person can decide."""

        APPROVE = "approve"
        REJECT = "reject"
        REQUEST_CHANGES = "request_changes"
        EDIT = "edit"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="approvals")
    step = models.OneToOneField(Step, on_delete=models.CASCADE, related_name="approval")
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

    def __str__(self) -> str:
        return self.title
