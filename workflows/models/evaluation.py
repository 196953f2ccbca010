"""Evaluations: every case of a data set run on one or several versions, scored and compared."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenants.records import Record
from workflows.models.dataset import Case, DataSet
from workflows.models.run import Run
from workflows.models.workflow import WorkflowVersion


class EvaluationQuerySet(models.QuerySet["Evaluation"]):
    """Reads of evaluations."""

    def active(self) -> EvaluationQuerySet:
        """Return those that are not over."""
        return self.filter(status__in=(Evaluation.Status.PENDING, Evaluation.Status.RUNNING))


class Evaluation(Record):
    """One judgement of versions by a data set, whose scorers it keeps as they were."""

    class Status(models.TextChoices):
        """The way of an evaluation."""

        PENDING = "pending"
        RUNNING = "running"
        COMPLETED = "completed"
        CANCELLED = "cancelled"

    data_set = models.ForeignKey(DataSet, on_delete=models.CASCADE, related_name="evaluations")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    replay = models.CharField(max_length=10, choices=Run.Replay, default=Run.Replay.FRESH)
    repeats = models.PositiveIntegerField(default=1, help_text="How often each case is run on each version")
    concurrency = models.PositiveIntegerField(default=4, help_text="Runs at once")
    tags = ArrayField(
        models.CharField(max_length=60), default=list, help_text="Only cases with one of these; none: all"
    )
    scorers = models.JSONField(default=list)
    publishes = models.BooleanField(default=False, help_text="The draft is published when its cases pass")
    note = models.CharField(max_length=500, blank=True, help_text="Of the version that is published")
    outcome = models.CharField(max_length=500, blank=True, help_text="What came of publishing")
    cancel_requested = models.BooleanField(default=False)
    started_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0, help_text="Token of the newest claim, as of a run")

    objects = EvaluationQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [models.Index(fields=["data_set", "-created_at"], name="evaluation_newest")]

    def __str__(self) -> str:
        return f"{self.data_set} {str(self.id)[-6:]}"

    @property
    def is_over(self) -> bool:
        """Say whether it has ended."""
        return self.status in (self.Status.COMPLETED, self.Status.CANCELLED)


class Contestant(Record):
    """One version that an evaluation judges, with the definition that its runs execute."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="contestants")
    position = models.PositiveIntegerField(default=0)
    label = models.CharField(max_length=60)
    version = models.ForeignKey(WorkflowVersion, null=True, on_delete=models.SET_NULL, related_name="+")
    definition = models.JSONField()
    digest = models.CharField(max_length=64, help_text="Hash of the definition")

    class Meta:
        ordering = ("evaluation", "position")

    def __str__(self) -> str:
        return self.label


class TrialQuerySet(models.QuerySet["Trial"]):
    """Reads of trials."""

    def at_work(self) -> TrialQuerySet:
        """Return those that a run or a judge works for."""
        return self.filter(status__in=(Trial.Status.RUNNING, Trial.Status.JUDGING))

    def over(self) -> TrialQuerySet:
        """Return those that have ended."""
        return self.filter(status__in=Trial.OVER)


class Trial(Record):
    """One run of one case on one version, and how it was scored."""

    class Status(models.TextChoices):
        """The way of a trial: changed, a call differed from what was recorded; broken, the run or a scorer failed."""

        PENDING = "pending"
        RUNNING = "running"
        JUDGING = "judging"
        PASSED = "passed"
        FAILED = "failed"
        CHANGED = "changed"
        BROKEN = "broken"
        CANCELLED = "cancelled"

    OVER = (Status.PASSED, Status.FAILED, Status.CHANGED, Status.BROKEN, Status.CANCELLED)

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="trials")
    contestant = models.ForeignKey(Contestant, on_delete=models.CASCADE, related_name="trials")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="trials")
    repetition = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    run = models.OneToOneField(Run, null=True, on_delete=models.SET_NULL, related_name="trial")
    judges = models.JSONField(default=dict, help_text="{scorer's place: id of the judge's run}")
    score = models.FloatField(null=True, help_text="Between 0 and 1, by the scorers' weights")
    marks = models.JSONField(default=list, help_text="[{scorer, score, passed, told}]")
    error = models.JSONField(null=True, help_text="{code, message, details}")
    cost_usd = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    judge_cost_usd = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    seconds = models.FloatField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)
    model_calls = models.PositiveIntegerField(default=0)

    objects = TrialQuerySet.as_manager()

    class Meta:
        ordering = ("evaluation", "created_at", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["contestant", "case", "repetition"], name="trial_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["evaluation", "status"], name="trial_by_status")]

    def __str__(self) -> str:
        return f"{self.case} {self.status}"
