"""Data sets: cases by which an agent, a crew or a workflow is judged, and the scorers that judge."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from tenants.records import Record
from workflows.models.run import Run


class DataSet(Record):
    """Cases of exactly one workflow, agent or crew, with which they are deleted."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(max_length=2000, blank=True)
    workflow = models.ForeignKey(
        "workflows.Workflow", null=True, blank=True, on_delete=models.CASCADE, related_name="data_sets"
    )
    agent = models.ForeignKey("agents.Agent", null=True, blank=True, on_delete=models.CASCADE, related_name="data_sets")
    crew = models.ForeignKey("agents.Crew", null=True, blank=True, on_delete=models.CASCADE, related_name="data_sets")
    scorers = models.JSONField(
        default=list, blank=True, help_text="[{name, type, weight, threshold, config}]; none: outputs as expected"
    )

    class Meta:
        ordering = ("name",)
        verbose_name = "data set"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(workflow__isnull=False, agent=None, crew=None)
                | models.Q(workflow=None, agent__isnull=False, crew=None)
                | models.Q(workflow=None, agent=None, crew__isnull=False),
                name="dataset_of_one_target",
                violation_error_message="A data set is of exactly one workflow, agent or crew.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def kind(self) -> Run.Kind:
        """Return what kind of thing its cases are run on."""
        if self.workflow_id:
            return Run.Kind.WORKFLOW
        return Run.Kind.AGENT if self.agent_id else Run.Kind.CREW

    @property
    def target(self) -> Any:
        """Return the workflow, agent or crew."""
        return self.workflow or self.agent or self.crew


class Case(Record):
    """Inputs, and what is expected of a run with them; one that was saved of a run has what was answered in it."""

    data_set = models.ForeignKey(DataSet, on_delete=models.CASCADE, related_name="cases")
    name = models.CharField(max_length=200)
    inputs = models.JSONField(default=dict, blank=True)
    expected = models.JSONField(null=True, blank=True, help_text="The outputs; null: nothing is said of them")
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    run = models.ForeignKey(
        Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="saved_cases", editable=False
    )

    class Meta:
        ordering = ("data_set", "name")
        indexes: ClassVar = [GinIndex(fields=["tags"], name="case_by_tag")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["data_set", "name"],
                name="case_named_once",
                violation_error_message="The data set has a case of that name.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class RecordedAnswer(models.Model):
    """What a model, something outside or a person answered in the run that a case was saved of, and to what."""

    class Kind(models.TextChoices):
        """Who answered: effects' kinds, and people."""

        HTTP = "http", "HTTP request"
        MODEL = "model", "Model call"
        TOOL = "tool", "Tool call"
        QUESTION = "question", "Question to a person"
        WAIT = "wait", "Wait"

    id = models.BigAutoField(primary_key=True)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="answers", db_index=False)
    position = models.PositiveIntegerField(help_text="Which answer of the run, in their order")
    node = models.CharField(max_length=60)
    visit = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=200)
    key = models.CharField(max_length=120, help_text="Hash of what was asked, or which question of the step")
    occurrence = models.PositiveIntegerField(default=1)
    asked = models.JSONField(null=True, help_text="What was asked, as far as it is kept")
    result = models.JSONField(null=True)
    error = models.JSONField(null=True, help_text="{code, message, details}: it was refused")
    by_person = models.BooleanField(default=False, help_text="A person said that it happened, and this was the result")

    class Meta:
        ordering = ("case", "position")
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "position"], name="recorded_answer_once")]

    def __str__(self) -> str:
        return f"{self.position} {self.name}"
