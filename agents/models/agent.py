"""Agents: who they are, what they are after, what they think with and may use; and how they were before."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.records import Record


class Agent(Record):
    """A role with a goal and a backstory, on a model; empty model means the connection's default."""

    class ContextPolicy(models.TextChoices):
        """What happens to a conversation that outgrows the model."""

        TRIM = "trim", "Leave out the oldest"
        SUMMARISE = "summarise", "Let the model sum up what is older"
        RETRIEVE = "retrieve", "Bring back what matters to the question"

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
    temperature = models.FloatField(default=0.2, null=True, blank=True, help_text="Empty: the model's own")
    max_tokens = models.PositiveIntegerField(default=800, help_text="Of one answer")
    options = models.JSONField(default=dict, blank=True, help_text="What else is asked of the model, such as top_p")
    fallbacks = models.JSONField(
        default=list, blank=True, help_text="[{connection, model}]: who is asked in turn when the model cannot answer"
    )
    tools = models.JSONField(default=list, blank=True, help_text="[{tool, settings, approval}]")
    rounds = models.PositiveSmallIntegerField(
        default=8, help_text="How often it may ask its model before it has to answer"
    )
    context_policy = models.CharField(max_length=10, choices=ContextPolicy, default=ContextPolicy.TRIM)
    knowledge_bases = models.ManyToManyField("agents.KnowledgeBase", blank=True, related_name="agents")
    version = models.PositiveIntegerField(default=0, editable=False)

    starter = models.CharField(max_length=60, blank=True, editable=False, db_index=True)

    class Meta:
        ordering = ("name",)
        permissions = (("run_agent", "Can run agent"),)

    def __str__(self) -> str:
        return self.name


class AgentVersion(Record):
    """An agent as it was saved once: numbered, never changed."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.JSONField(help_text="The agent's fields; what they refer to is named by slug")
    note = models.CharField(max_length=500, blank=True)
    author = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    contributors = models.ManyToManyField(
        "accounts.User", blank=True, related_name="+", help_text="Who else wrote what its author saved"
    )
    changes = models.JSONField(
        default=list, help_text="[{field, by: [{id, name}]}]: who changed what since the version before, named as then"
    )

    class Meta:
        ordering = ("agent", "-number")
        constraints: ClassVar = [models.UniqueConstraint(fields=["agent", "number"], name="agent_version_once")]

    def __str__(self) -> str:
        return f"{self.agent} v{self.number}"
