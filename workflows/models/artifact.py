"""Artifacts: files and documents that a run made."""

from __future__ import annotations

from django.db import models

from tenants.records import Record
from workflows.models.run import Run, Step


class Artifact(Record):
    """A text that a run published, such as the Markdown of a briefing."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="artifacts")
    step = models.OneToOneField(Step, on_delete=models.CASCADE, related_name="artifact")
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100, default="text/markdown")
    content = models.TextField()
    bytes = models.PositiveIntegerField()

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return self.name
