"""Runs with as many columns as Nexod's show, their steps and approvals, and the keys of those who ask."""

from __future__ import annotations

import hashlib
import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models


def hash_key(key: str) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


class Key(models.Model):
    """A program's key."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    hashed = models.CharField(max_length=64, unique=True)


class Run(models.Model):
    """One execution."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    kind = models.CharField(max_length=10)
    title = models.CharField(max_length=200)
    status = models.CharField(max_length=10)
    waiting_for = models.CharField(max_length=10, blank=True)
    cancel_requested = models.BooleanField(default=False)
    pause_requested = models.BooleanField(default=False)
    error = models.JSONField(null=True)
    workflow = models.UUIDField(null=True)
    version = models.UUIDField(null=True)
    agent = models.UUIDField(null=True)
    crew = models.UUIDField(null=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    tokens_in = models.PositiveBigIntegerField(default=0)
    tokens_out = models.PositiveBigIntegerField(default=0)
    model_calls = models.PositiveIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    seconds = models.FloatField(default=0)
    last_seq = models.PositiveIntegerField(default=0)
    definition = models.JSONField(default=dict)
    inputs = models.JSONField(default=dict)
    outputs = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-created_at", "-id"], name="plain_run_newest")]

    def totals(self) -> dict[str, float]:
        """Return what the run has used."""
        names = ("tokens_in", "tokens_out", "cost_usd", "model_calls", "seconds")
        return {name: getattr(self, name) for name in names}


class Step(models.Model):
    """What a run did."""

    run = models.ForeignKey(Run, related_name="steps", on_delete=models.CASCADE)
    node = models.CharField(max_length=60)
    status = models.CharField(max_length=10)
    output = models.JSONField(null=True)


class Approval(models.Model):
    """What a run asks."""

    run = models.ForeignKey(Run, related_name="approvals", on_delete=models.CASCADE)
    status = models.CharField(max_length=10)
