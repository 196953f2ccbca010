"""Effects: what a step did outside of Nexod, written down before and after, so that it is done once."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Cast, Left

from tenants.records import Record
from workflows.models.run import Run, Step

EXCERPT = 2_000


class EffectQuerySet(models.QuerySet["Effect"]):
    """Reads of effects."""

    def excerpted(self) -> EffectQuerySet:
        """Return effects with the beginning of their result in ``excerpt``, as JSON text, instead of all of it."""
        text = Cast("result", models.TextField())
        return self.defer("result", "asked").annotate(excerpt=Left(text, EXCERPT))


class Effect(Record):
    """One side effect or model call of a step: the ``occurrence``-th one with that ``key``, the hash of what was asked for.

    A repetition, after a failure or by a person's word, is the same row begun once more. Of what was sent, headers are not kept.
    """

    class Kind(models.TextChoices):
        """What kind of thing was done."""

        HTTP = "http", "HTTP request"
        MODEL = "model", "Model call"
        TOOL = "tool", "Tool call"

    class Status(models.TextChoices):
        """What is known of it. A started one whose worker is gone is unknown."""

        STARTED = "started"
        DONE = "done"
        FAILED = "failed"
        UNKNOWN = "unknown"
        ANSWERED = "answered"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="effects")
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="effects", db_index=False)
    key = models.CharField(max_length=64, help_text="Hash of what was asked for")
    occurrence = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=200)
    about = models.CharField(max_length=500, blank=True)
    idempotent = models.BooleanField(default=False, help_text="May be done again when nobody knows whether it happened")
    status = models.CharField(max_length=10, choices=Status, default=Status.STARTED)
    begun = models.PositiveIntegerField(default=1, help_text="How often it was begun")
    fence = models.BigIntegerField(default=0, help_text="Token of the claim under which it was begun")
    asked = models.JSONField(null=True, help_text="What was asked, as far as people may read it; null: not kept")
    result = models.JSONField(null=True)
    error = models.JSONField(null=True, help_text="{code, message, details} of what went wrong")
    answer = models.CharField(max_length=20, blank=True, help_text="What a person said of an unknown one")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = EffectQuerySet.as_manager()

    class Meta:
        ordering = ("step", "created_at", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["step", "key", "occurrence"], name="effect_once_a_step"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.status})"
