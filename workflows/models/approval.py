"""Approvals: what people were asked, who of them may decide, and what was decided."""

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
    """A question that parks a run until those have decided whom its policy names.

    Who that is was resolved when it was asked: ``roles``, ``groups`` and ``people`` let in, ``excluded`` keeps out. Later edits of
    the workflow change nothing; who has a role, or is in a group, is looked up when somebody decides.
    """

    class Kind(models.TextChoices):
        """Whether something is to be approved, an effect's outcome is to be told, or more is to be allowed than a budget does."""

        APPROVAL = "approval"
        EFFECT = "effect"
        BUDGET = "budget"

    class Status(models.TextChoices):
        """Open, decided, or not needed any more because the run ended."""

        PENDING = "pending"
        DECIDED = "decided"
        WITHDRAWN = "withdrawn"

    class Decision(models.TextChoices):
        """What a person can decide; happened, again and fail of an effect whose outcome is unknown.

        When nobody decided in time it is one of approve, reject, timeout (a route) and fail.
        """

        APPROVE = "approve"
        REJECT = "reject"
        REQUEST_CHANGES = "request_changes"
        EDIT = "edit"
        HAPPENED = "happened"
        AGAIN = "again"
        FAIL = "fail"
        TIMEOUT = "timeout"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="approvals")
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="approvals", db_index=False)
    key = models.CharField(max_length=120, default="#1", help_text="Which question of the step")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.APPROVAL)
    effect = models.ForeignKey(Effect, null=True, on_delete=models.CASCADE, related_name="questions")
    budget = models.ForeignKey("agents.Budget", null=True, on_delete=models.SET_NULL, related_name="questions")
    allowance = models.DecimalField(
        max_digits=16, decimal_places=6, null=True, help_text="What this run may use on top of the budget, if approved"
    )
    title = models.CharField(max_length=200)
    instructions = models.TextField(blank=True)
    content = models.TextField(blank=True, help_text="Markdown, as it was asked")
    arguments = models.JSONField(null=True, help_text="Of a tool: what it would be called with")
    schema = models.JSONField(null=True, help_text="JSON Schema that an edit has to fit")
    subject = models.CharField(max_length=120, default="node", help_text="node, task or tool:<name>")
    previous = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="later", help_text="What was asked the last time"
    )
    policy = models.JSONField(default=dict, help_text="Who, how many and when, as resolved when it was asked")
    roles = ArrayField(models.CharField(max_length=20), default=list, help_text="Who may decide")
    groups = ArrayField(models.CharField(max_length=150), default=list, help_text="Who may decide, too")
    people = ArrayField(models.UUIDField(), default=list, help_text="Who may decide, too")
    excluded = ArrayField(
        models.UUIDField(), default=list, help_text="Who may not, by separation or by having passed it on"
    )
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of exactly what is to be seen now")
    round = models.PositiveSmallIntegerField(default=1, help_text="An edit that needs more votes begins the next one")
    level = models.PositiveSmallIntegerField(default=0, help_text="How often it was escalated")
    due_at = models.DateTimeField(null=True)
    remind_at = models.DateTimeField(null=True)
    assigned_to = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="assigned_approvals", db_index=False
    )
    claimed_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="claimed_approvals", db_index=False
    )
    claimed_at = models.DateTimeField(null=True)
    decisions = ArrayField(models.CharField(max_length=20), default=list, help_text="What may be decided")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    decision = models.CharField(max_length=20, choices=Decision, blank=True)
    comment = models.TextField(max_length=4000, blank=True)
    edited_content = models.TextField(blank=True)
    decided_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="decisions")
    decided_at = models.DateTimeField(null=True, help_text="Without a person: its time was over")

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        permissions = (("decide_approval", "Can decide approval"), ("reassign_approval", "Can reassign any approval"))
        indexes: ClassVar = [models.Index(fields=["status", "-created_at"], name="approval_inbox")]
        constraints: ClassVar = [models.UniqueConstraint(fields=["step", "key"], name="approval_once_a_question")]

    def __str__(self) -> str:
        return self.title

    @property
    def proposal(self) -> str:
        """Return what is to be decided on now: an edit that needs more votes takes the place of what was asked."""
        is_edited = self.edited_content and self.kind == self.Kind.APPROVAL
        return self.edited_content if is_edited else self.content
