"""Runs, their steps and their events."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.fields.json import KeyTextTransform

from nexod.kernel.events import Totals
from tenants.records import Record


class RunQuerySet(models.QuerySet["Run"]):
    """Reads of runs."""

    def failed_because(self, code: str) -> RunQuerySet:
        """Return the runs that failed for good with that code."""
        return self.filter(status=Run.Status.FAILED).alias(code=KeyTextTransform("code", "error")).filter(code=code)

    def active(self) -> RunQuerySet:
        """Return the runs that are not over."""
        return self.exclude(status__in=Run.OVER)

    def held(self, fence: int | None) -> RunQuerySet:
        """Return the runs whose newest claim has that fencing token; all of them for None."""
        return self if fence is None else self.filter(fence=fence)


class Run(Record):
    """One execution of an agent, a crew or a workflow version."""

    class Kind(models.TextChoices):
        """What was executed."""

        AGENT = "agent"
        CREW = "crew"
        WORKFLOW = "workflow"

    class Status(models.TextChoices):
        """The way of a run."""

        PENDING = "pending"
        RUNNING = "running"
        WAITING = "waiting"
        COMPLETED = "completed"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class WaitingFor(models.TextChoices):
        """What a waiting run waits for."""

        APPROVAL = "approval"
        TIMER = "timer"
        CALLBACK = "callback"
        PERSON = "person"
        BUDGET = "budget"

    class Replay(models.TextChoices):
        """What a run of a case takes from it: every answer; those to calls that are the same; people's decisions alone."""

        STRICT = "strict", "Replay; a changed call is reported"
        MIXED = "mixed", "Replay; a changed call goes live"
        FRESH = "fresh", "Ask models and tools anew"

    OVER = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)

    kind = models.CharField(max_length=10, choices=Kind)
    workflow = models.ForeignKey("workflows.Workflow", null=True, on_delete=models.SET_NULL, related_name="runs")
    version = models.ForeignKey("workflows.WorkflowVersion", null=True, on_delete=models.SET_NULL, related_name="runs")
    agent = models.ForeignKey("agents.Agent", null=True, on_delete=models.SET_NULL, related_name="runs")
    crew = models.ForeignKey("agents.Crew", null=True, on_delete=models.SET_NULL, related_name="runs")
    title = models.CharField(max_length=200, help_text="What it executes, as it was called then")
    definition = models.JSONField(help_text="What it executes, as it was then")
    inputs = models.JSONField(default=dict)
    outputs = models.JSONField(null=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    waiting_for = models.CharField(max_length=10, choices=WaitingFor, blank=True)
    error = models.JSONField(null=True, help_text="{code, message, node, details} of a failed run")
    compensation = models.JSONField(
        null=True,
        help_text="{cause, reason, over, undone, not_undone}: what was undone when it failed or was cancelled",
    )
    parent = models.ForeignKey(
        "workflows.Step",
        null=True,
        on_delete=models.SET_NULL,
        related_name="children",
        db_index=False,
        help_text="The step that started it",
    )
    depth = models.PositiveSmallIntegerField(default=0, help_text="How many runs above it started one another")
    is_try = models.BooleanField(default=False, help_text="Somebody tries an agent or a draft out")
    pins = models.JSONField(
        default=dict, help_text="{node: {output, route}} of a try: these nodes are not executed, they give this"
    )
    cancel_requested = models.BooleanField(default=False)
    pause_requested = models.BooleanField(default=False)
    started_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="runs")
    case = models.ForeignKey("workflows.Case", null=True, on_delete=models.SET_NULL, related_name="runs")
    replay = models.CharField(max_length=10, choices=Replay, blank=True, help_text="What a run of a case takes from it")
    evaluation = models.ForeignKey("workflows.Evaluation", null=True, on_delete=models.SET_NULL, related_name="runs")
    queue = models.CharField(max_length=20, default="runs")
    last_seq = models.PositiveIntegerField(default=0)
    fence = models.BigIntegerField(
        default=0, help_text="Token of the newest claim; who holds an older one writes nothing"
    )
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    tokens_in = models.PositiveBigIntegerField(default=0)
    tokens_out = models.PositiveBigIntegerField(default=0)
    model_calls = models.PositiveIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    seconds = models.FloatField(default=0, help_text="Spent working, waiting for people not counted")
    seconds_before = models.FloatField(default=0, help_text="Of these, spent before a person had it tried again")

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        permissions = (("cancel_run", "Can cancel run"), ("pause_run", "Can pause run"))
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="run_newest"),
            models.Index(fields=["status", "-created_at"], name="run_by_status"),
            models.Index(fields=["workflow", "-created_at"], name="run_by_workflow"),
            models.Index(fields=["-cost_usd", "-id"], name="run_by_cost"),
            models.Index(fields=["parent"], name="run_by_parent", condition=Q(parent__isnull=False)),
            models.Index(
                KeyTextTransform("code", "error"),
                F("created_at").desc(),
                name="run_failed_by_reason",
                condition=Q(status="failed"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} {str(self.id)[-6:]}"

    @property
    def is_over(self) -> bool:
        """Say whether the run has ended."""
        return self.status in self.OVER

    def totals(self) -> Totals:
        """Return what the run has used."""
        return Totals(
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            cost_usd=float(self.cost_usd),
            model_calls=self.model_calls,
            seconds=round(self.seconds, 3),
        )


class StepQuerySet(models.QuerySet["Step"]):
    """Reads of steps."""

    def standing(self) -> StepQuerySet:
        """Return the steps that count: those that a person had done anew are history."""
        return self.filter(superseded=False)


class Step(Record):
    """One execution of one node: ``visit`` counts how often the run came by, or, of an undo, which visit it undid."""

    class Status(models.TextChoices):
        """The way of a step."""

        RUNNING = "running"
        WAITING = "waiting"
        COMPLETED = "completed"
        FAILED = "failed"
        CANCELLED = "cancelled"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    node = models.CharField(max_length=60)
    node_type = models.CharField(max_length=30)
    title = models.CharField(max_length=120, blank=True)
    visit = models.PositiveIntegerField(default=1)
    attempt = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=10, choices=Status, default=Status.RUNNING)
    inputs = models.JSONField(default=dict)
    output = models.JSONField(null=True)
    route = models.CharField(max_length=60, blank=True)
    summary = models.CharField(max_length=500, blank=True)
    error = models.JSONField(null=True)
    failures = models.PositiveIntegerField(default=0, help_text="Tries that failed since it was begun, or begun anew")
    retry_at = models.DateTimeField(null=True, help_text="When a step that waits for it is tried again")
    superseded = models.BooleanField(default=False, help_text="Done anew: this row is history")
    part_of = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.CASCADE,
        related_name="parts",
        db_index=False,
        help_text="The step through whose list this one is a part",
    )
    undoes = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="undone_by", db_index=False)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    tokens_in = models.PositiveBigIntegerField(default=0)
    tokens_out = models.PositiveBigIntegerField(default=0)
    model_calls = models.PositiveIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    seconds = models.FloatField(default=0)

    objects = StepQuerySet.as_manager()

    class Meta:
        ordering = ("run", "created_at", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["run", "node", "visit"], name="step_once_a_visit", condition=Q(superseded=False)
            ),
            models.UniqueConstraint(fields=["undoes"], name="step_undone_once", condition=Q(undoes__isnull=False)),
        ]
        indexes: ClassVar = [
            models.Index(fields=["part_of"], name="step_by_whole", condition=Q(part_of__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.title or self.node} #{self.visit}"

    def totals(self) -> Totals:
        """Return what the step has used."""
        return Totals(
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            cost_usd=float(self.cost_usd),
            model_calls=self.model_calls,
            seconds=round(self.seconds, 3),
        )


class RunEvent(models.Model):
    """Something that happened in a run: append-only, numbered by ``seq`` within the run."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=40)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        ordering = ("run", "seq")
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "seq"], name="run_event_seq_once")]

    def __str__(self) -> str:
        return f"{self.seq} {self.type}"

    def as_message(self) -> dict[str, Any]:
        """Return what clients get: ``{"seq", "type", "at", "data"}``."""
        return {"seq": self.seq, "type": self.type, "at": self.at.isoformat(), "data": self.data}
