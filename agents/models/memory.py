"""Memories: what agents keep from run to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from pgvector.django import VectorField

from agents.knowledge.embedding import DIMENSIONS
from tenants.accounts.models import User
from tenants.records import Record

if TYPE_CHECKING:
    from agents.memory.mind import Mind

LONGEST = 4_000


class MemoryQuerySet(models.QuerySet["Memory"]):
    """Reads of memories. Whose they are is part of every one of them."""

    def alive(self) -> MemoryQuerySet:
        """Return those that nothing newer has replaced."""
        return self.filter(superseded_at=None)

    def visible_to(self, user: User) -> MemoryQuerySet:
        """Return what a person may look at: their own, what was shared, and everybody's with the permission for it."""
        if user.has_perm("agents.inspect_memory"):
            return self
        return self.filter(Q(is_shared=True) | Q(user=user))

    def within(self, mind: Mind) -> MemoryQuerySet:
        """Return what may come to this mind: of its person or shared, of its agent and workflow or of no one in particular."""
        of_place = Q(scope=Memory.Scope.USER)
        if mind.agent:
            of_place |= Q(scope=Memory.Scope.AGENT, agent=mind.agent)
        if mind.workflow:
            of_place |= Q(scope=Memory.Scope.WORKFLOW, workflow=mind.workflow)
        of_person = Q(is_shared=True)
        if mind.user is not None:
            of_person |= Q(user=mind.user)
        return self.filter(of_place, of_person)


class Memory(Record):
    """One thing that was kept, about one person's work. Nobody else's runs recall it unless it was shared on purpose.

    ``scope`` says where it comes to mind: in all of the person's runs, in those of one agent, or of one workflow. What replaces
    a memory points back at it; replaced ones stay for a while, and are never recalled.
    """

    class Scope(models.TextChoices):
        """Where it comes to mind."""

        USER = "user"
        AGENT = "agent"
        WORKFLOW = "workflow"

    scope = models.CharField(max_length=10, choices=Scope)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="memories", db_index=False)
    agent = models.CharField(max_length=60, blank=True, help_text="Slug, of an agent's memory")
    workflow = models.CharField(max_length=60, blank=True, help_text="Slug, of a workflow's memory")
    is_shared = models.BooleanField(default=False, help_text="Comes to mind in everybody's runs")
    topic = models.CharField(
        max_length=120, blank=True, help_text="What it is about: a newer one of the topic replaces it"
    )
    text = models.TextField(max_length=LONGEST, validators=[MaxLengthValidator(LONGEST)])
    importance = models.FloatField(
        default=0.5, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)], help_text="0 to 1"
    )
    is_kept = models.BooleanField(default=False, help_text="Never forgotten by itself")
    namespace = ArrayField(models.CharField(max_length=100), default=list, blank=True, editable=False)
    key = models.CharField(max_length=120, blank=True, editable=False, help_text="Of what a graph stored by name")
    value = models.JSONField(null=True, blank=True, editable=False, help_text="What a graph stored")
    digest = models.CharField(max_length=64, editable=False)
    embedding = VectorField(dimensions=DIMENSIONS, editable=False)
    run = models.UUIDField(null=True, blank=True, editable=False, help_text="In which it was kept")
    recalls = models.PositiveIntegerField(default=0, editable=False)
    recalled_at = models.DateTimeField(null=True, editable=False)
    superseded_at = models.DateTimeField(null=True, editable=False)
    superseded_by = models.ForeignKey(
        "self", null=True, on_delete=models.CASCADE, related_name="former", editable=False
    )

    objects = MemoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "memories"
        ordering = ("-created_at", "-id")
        permissions = (("inspect_memory", "Can inspect everybody's memories"),)
        indexes: ClassVar = [
            models.Index(fields=["user", "-created_at"], name="memory_of_user"),
            models.Index(fields=["-created_at"], name="memory_shared", condition=Q(is_shared=True)),
            models.Index(fields=["digest"], name="memory_by_digest"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "user", "agent", "workflow", "namespace", "key"],
                condition=Q(superseded_at=None) & ~Q(key=""),
                name="memory_once_a_key",
            )
        ]

    def __str__(self) -> str:
        return self.topic or self.text[:60]
