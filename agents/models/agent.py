"""Agents: who they are, what they are after, what they think with."""

from __future__ import annotations

from django.db import models

from tenants.records import Record


class Agent(Record):
    """A role with a goal and a backstory, on a model; empty model means the connection's default."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=200)
    goal = models.TextField(max_length=4000)
    backstory = models.TextField(max_length=8000, blank=True)
    connection = models.ForeignKey(
        "agents.ModelConnection", null=True, blank=True, on_delete=models.PROTECT, related_name="agents",
        help_text="Empty: the workspace's default",
    )  # fmt: skip
    model = models.CharField(max_length=120, blank=True, help_text="Empty: the connection's first")
    temperature = models.FloatField(default=0.2)
    max_tokens = models.PositiveIntegerField(default=800)
    knowledge_bases = models.ManyToManyField("agents.KnowledgeBase", blank=True, related_name="agents")

    class Meta:
        ordering = ("name",)
        permissions = (("run_agent", "Can run agent"),)

    def __str__(self) -> str:
        return self.name
