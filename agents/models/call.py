"""What models were asked and what it cost: a row per call, and the same by day. Written by the run's own commit, by nobody else.

Runs, workflows and people are named, not referred to: what was used stays when they are deleted.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from nexod.kernel.identifiers import new_id


class Used(models.Model):
    """For whom, with what, and how much."""

    agent = models.CharField(max_length=60, blank=True, help_text="Slug")
    workflow = models.CharField(max_length=60, blank=True, help_text="Slug")
    user = models.CharField(max_length=36, blank=True, help_text="Id of who started the run")
    connection = models.CharField(max_length=60, blank=True, help_text="Slug")
    knowledge_base = models.CharField(max_length=60, blank=True, help_text="Slug of what texts were embedded for")
    model = models.CharField(max_length=120)
    tokens_in = models.PositiveBigIntegerField(default=0)
    tokens_out = models.PositiveBigIntegerField(default=0)
    tokens_cached = models.PositiveBigIntegerField(default=0, help_text="Of those read, what the provider had ready")
    tokens_reasoning = models.PositiveBigIntegerField(default=0, help_text="Of those written, what nobody sees")
    cost_usd = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    seconds = models.FloatField(default=0)

    class Meta:
        abstract = True


class ModelCall(Used):
    """One try at one answer, over the wire or from our cache; outside of a run where documents are read or searched."""

    class Outcome(models.TextChoices):
        """How it ended: ``failed`` before the first word, and costs nothing; ``cut`` after it, and is paid for."""

        ANSWERED = "answered"
        CACHED = "cached"
        CUT = "cut"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    run = models.UUIDField(null=True)
    step = models.UUIDField(null=True)
    node = models.CharField(max_length=60, blank=True)
    first_token_s = models.FloatField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome)
    error = models.CharField(max_length=60, blank=True, help_text="Code of what it failed with")
    estimated = models.BooleanField(default=False, help_text="The provider gave no counts: these are ours")
    price_known = models.BooleanField(default=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="model_call_newest"),
            models.Index(fields=["run", "step"], name="model_call_by_run"),
            models.Index(fields=["agent", "-created_at"], name="model_call_by_agent"),
            models.Index(fields=["model", "-created_at"], name="model_call_by_model"),
            models.Index(fields=["workflow", "-created_at"], name="model_call_by_workflow"),
            models.Index(fields=["user", "-created_at"], name="model_call_by_user"),
            models.Index(
                fields=["knowledge_base", "-created_at"],
                name="model_call_by_knowledge_base",
                condition=~models.Q(knowledge_base=""),
            ),
            models.Index(fields=["-created_at"], name="model_call_failed", condition=~models.Q(error="")),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.created_at:%Y-%m-%d %H:%M:%S}"


class UsageDay(Used):
    """What one agent, workflow and person used of one model in one day (UTC): the sum of its calls."""

    id = models.BigAutoField(primary_key=True)
    day = models.DateField()
    model_calls = models.PositiveBigIntegerField(default=0, help_text="Those that a provider did something for")
    failures = models.PositiveBigIntegerField(default=0)
    cache_answers = models.PositiveBigIntegerField(default=0)
    unpriced = models.PositiveBigIntegerField(default=0, help_text="Calls of models whose price nobody knows")

    class Meta:
        ordering = ("-day", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["day", "agent", "workflow", "user", "connection", "model", "knowledge_base"],
                name="usage_day_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.model}"
