"""Triggers, and what came of each of their firings."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.records import Record
from workflows.models.run import Run
from workflows.models.workflow import Workflow, WorkflowVersion


class TriggerQuerySet(models.QuerySet["Trigger"]):
    """Reads of triggers."""

    def enabled(self) -> TriggerQuerySet:
        """Return those that are not paused."""
        return self.filter(is_enabled=True)


class Trigger(Record):
    """What starts a workflow by itself: a schedule, a webhook that comes in, or something that happens here.

    ``config`` is checked by the kind, in workflows.triggers. Of a webhook, ``token`` is the end of its own address.
    """

    class Overlap(models.TextChoices):
        """What happens when it fires while a run that it started is not over yet."""

        ALLOW = "allow", "Start another run"
        SKIP = "skip", "Skip it"
        QUEUE = "queue", "Start when that run is over"

    name = models.CharField(max_length=120)
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="triggers")
    version = models.ForeignKey(
        WorkflowVersion,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="Empty: the newest",
    )
    kind = models.CharField(max_length=20)
    config = models.JSONField(default=dict)
    inputs = models.JSONField(default=dict, blank=True, help_text="Where each input of the workflow comes from")
    overlap = models.CharField(max_length=10, choices=Overlap, default=Overlap.ALLOW)
    is_enabled = models.BooleanField(default=True)
    acts_as = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    token = models.CharField(max_length=64, null=True, blank=True, unique=True, editable=False)
    encrypted_secrets = models.JSONField(default=list, editable=False, help_text="[{secret, until}], the newest first")
    next_due = models.DateTimeField(null=True, blank=True, editable=False, help_text="Of a schedule")

    objects = TriggerQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")
        indexes: ClassVar = [
            models.Index(fields=["kind"], name="trigger_listening", condition=models.Q(is_enabled=True)),
        ]

    def __str__(self) -> str:
        return self.name


class FiringQuerySet(models.QuerySet["Firing"]):
    """Reads of firings."""

    def pending(self) -> FiringQuerySet:
        """Return those of which nothing has come yet."""
        return self.filter(outcome=Firing.Outcome.PENDING)

    def light(self) -> FiringQuerySet:
        """Return firings without what was received."""
        return self.defer("payload", "event")


class Firing(Record):
    """One time that a trigger fired. ``key`` tells the same occasion from another: a due time, an event's id."""

    class Source(models.TextChoices):
        """What made it fire."""

        SCHEDULE = "schedule"
        WEBHOOK = "webhook"
        EVENT = "event"
        HAND = "hand", "By hand"

    class Outcome(models.TextChoices):
        """What came of it."""

        PENDING = "pending"
        STARTED = "started"
        DEDUPLICATED = "deduplicated"
        SKIPPED = "skipped"
        REFUSED = "refused"
        FAILED = "failed"

    trigger = models.ForeignKey(Trigger, on_delete=models.CASCADE, related_name="firings", db_index=False)
    source = models.CharField(max_length=10, choices=Source)
    key = models.CharField(max_length=200)
    due = models.DateTimeField(null=True, help_text="When it was to fire, of a schedule")
    outcome = models.CharField(max_length=12, choices=Outcome, default=Outcome.PENDING)
    reason = models.JSONField(null=True, help_text="{code, message, details} of what was not started")
    run = models.ForeignKey(Run, null=True, on_delete=models.SET_NULL, related_name="firings")
    depth = models.PositiveSmallIntegerField(
        default=0, help_text="How many runs before it started each other by events"
    )
    event = models.JSONField(default=dict, help_text="What the inputs are taken from, the payload left out")
    payload = models.BinaryField(null=True, help_text="The body of a webhook as it came")
    payload_bytes = models.PositiveIntegerField(default=0)

    objects = FiringQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["trigger", "key"], name="firing_once", condition=~models.Q(outcome="deduplicated")
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["trigger", "-created_at", "-id"], name="firing_newest"),
            models.Index(fields=["trigger", "created_at"], name="firing_waits", condition=models.Q(outcome="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.outcome}"
