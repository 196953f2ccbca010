"""Crews: agents that work through tasks together."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.records import Record


class Crew(Record):
    """Tasks in an order, each done by an agent; a hierarchical crew has a manager who hands them out."""

    class Process(models.TextChoices):
        """How the tasks are handed out."""

        SEQUENTIAL = "sequential"
        HIERARCHICAL = "hierarchical"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(max_length=2000, blank=True)
    process = models.CharField(max_length=20, choices=Process, default=Process.SEQUENTIAL)
    manager = models.ForeignKey("agents.Agent", null=True, blank=True, on_delete=models.PROTECT, related_name="manages")
    members = models.ManyToManyField(
        "agents.Agent",
        blank=True,
        related_name="member_of",
        help_text="Agents without a task of their own who can be given work",
    )
    planning = models.BooleanField(
        "plans first", default=False, help_text="Before the first task a plan is made for all of them"
    )

    starter = models.CharField(max_length=60, blank=True, editable=False, db_index=True)

    class Meta:
        ordering = ("name",)
        permissions = (("run_crew", "Can run crew"),)
        constraints: ClassVar = [
            models.CheckConstraint(
                name="hierarchical_crew_has_manager",
                condition=~models.Q(process="hierarchical") | models.Q(manager__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.name


class CrewTask(Record):
    """One task of a crew: what is asked, what is expected, whose results it may read, what its result must satisfy."""

    class OnFailure(models.TextChoices):
        """What happens when a result still does not satisfy its guardrails after the last try."""

        FAIL = "fail", "The task fails"
        ASK = "ask", "A person decides"

    crew = models.ForeignKey(Crew, on_delete=models.CASCADE, related_name="tasks")
    slug = models.SlugField(max_length=60)
    order = models.PositiveSmallIntegerField()
    description = models.TextField(max_length=8000)
    expected_output = models.TextField(max_length=2000)
    agent = models.ForeignKey("agents.Agent", null=True, blank=True, on_delete=models.PROTECT, related_name="tasks")
    context = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="used_by")
    output_schema = models.JSONField(null=True, blank=True, help_text="JSON Schema of the result; empty: text")
    human_input = models.BooleanField("approved by a person", default=False, help_text="A person decides on the result")
    policy = models.JSONField(
        default=dict,
        blank=True,
        help_text="Who decides on the result, how many of them, and by when; empty: anybody who may",
    )
    async_execution = models.BooleanField(
        "beside the next tasks", default=False, help_text="The next task does not wait for this one unless it reads it"
    )
    allow_delegation = models.BooleanField(
        "may hand out work", default=False, help_text="Its agent may give work to the crew's other agents, or ask them"
    )
    guardrails = models.JSONField(default=list, blank=True, help_text="What the result must satisfy")
    max_retries = models.PositiveSmallIntegerField(
        "tries again", default=2, help_text="How often the agent tries again when a guardrail refuses its result"
    )
    on_failure = models.CharField("after the last try", max_length=10, choices=OnFailure, default=OnFailure.FAIL)

    class Meta:
        ordering = ("crew", "order")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["crew", "slug"], name="crew_task_slug_once"),
            models.UniqueConstraint(
                fields=["crew", "order"], name="crew_task_order_once", deferrable=models.Deferrable.DEFERRED
            ),
        ]

    def __str__(self) -> str:
        return self.slug
