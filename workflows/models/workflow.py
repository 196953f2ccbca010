"""Workflows and their versions: a definition is a draft until it is published, and never changes afterwards."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.records import Record


class Workflow(Record):
    """A named workflow. Runs use its published version."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(max_length=2000, blank=True)
    starter = models.CharField(max_length=60, blank=True, editable=False, help_text="The starter that it came from")
    published = models.ForeignKey(
        "workflows.WorkflowVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    gate = models.ForeignKey(
        "workflows.DataSet", null=True, blank=True, on_delete=models.SET_NULL, related_name="gates",
        help_text="Whose cases the draft has to pass to be published",
    )  # fmt: skip
    gate_score = models.FloatField(
        null=True, blank=True, help_text="The least mean score, 0 to 1; null: every case passes"
    )
    gate_replay = models.CharField(max_length=10, default="fresh", help_text="How its cases are run")

    class Meta:
        ordering = ("name",)
        permissions = (("run_workflow", "Can run workflow"),)

    def __str__(self) -> str:
        return self.name


class WorkflowVersion(Record):
    """A definition document. Number 0 is the draft; publishing makes the next number of it."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(default=0)
    definition = models.JSONField()
    note = models.CharField(max_length=500, blank=True)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    author = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    edited_by = models.ForeignKey(
        "accounts.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False,
        help_text="Who saved the draft last that this was published from, whoever published it",
    )  # fmt: skip
    contributors = models.JSONField(
        default=list,
        blank=True,
        editable=False,
        help_text="Who changed the draft since the version before: id and name",
    )

    class Meta:
        ordering = ("workflow", "-number")
        constraints: ClassVar = [models.UniqueConstraint(fields=["workflow", "number"], name="workflow_version_once")]

    def __str__(self) -> str:
        return f"{self.workflow} v{self.number}" if self.number else f"{self.workflow} (draft)"

    @property
    def is_draft(self) -> bool:
        """Say whether the definition may still change."""
        return self.number == 0
