"""Where the chunks of a knowledge base lie as vectors."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from pgvector.django import VectorField

from agents.models.chunk import Chunk
from agents.models.knowledge_base import KnowledgeBase
from agents.models.store import StoreConnection
from tenants.records import Record


class VectorSpace(Record):
    """The vectors of a knowledge base by one model in one store. One space serves; the next is built beside it, then takes over."""

    class State(models.TextChoices):
        """The way of a space; ``failed`` says why in ``error``."""

        BUILDING = "building"
        SERVING = "serving"
        RETIRED = "retired"
        FAILED = "failed"

    class Index(models.TextChoices):
        """Whether searches use an index; without one every vector is compared."""

        NONE = "", "None"
        BUILDING = "building"
        READY = "ready"

    WRITTEN = (State.BUILDING, State.SERVING)

    knowledge_base = models.ForeignKey(KnowledgeBase, on_delete=models.CASCADE, related_name="spaces")
    model = models.CharField(max_length=190, help_text="Name of an embedding model, such as wordllama-256")
    dimensions = models.PositiveIntegerField()
    half = models.BooleanField(default=False, help_text="The index holds 16 bits a number: half the memory")
    store = models.CharField(max_length=20, default="pgvector")
    connection = models.ForeignKey(
        StoreConnection, null=True, blank=True, on_delete=models.PROTECT, related_name="spaces"
    )
    state = models.CharField(max_length=10, choices=State, default=State.BUILDING)
    index = models.CharField(max_length=10, choices=Index, blank=True, default=Index.NONE)
    cursor = models.BigIntegerField(default=0, help_text="The last chunk that the building has come to")
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    error = models.JSONField(null=True, blank=True, help_text="{code, message} of what failed")
    sending_until = models.DateTimeField(null=True, help_text="Somebody sends its changes to the store until then")

    class Meta:
        ordering = ("-created_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["knowledge_base"], condition=Q(state="serving"), name="one_space_serves_a_knowledge_base"
            ),
            models.UniqueConstraint(
                fields=["knowledge_base"], condition=Q(state="building"), name="one_space_is_built_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} in {self.store}"


class ChunkVector(models.Model):
    """A chunk's vector in PostgreSQL. It goes with its chunk, by the database's own rule."""

    pk = models.CompositePrimaryKey("space", "chunk")
    space = models.ForeignKey(VectorSpace, on_delete=models.DO_NOTHING, db_index=False, related_name="+")
    chunk = models.ForeignKey(Chunk, on_delete=models.DO_NOTHING, related_name="+")
    embedding = VectorField()

    def __str__(self) -> str:
        return f"{self.space_id} {self.chunk_id}"


class VectorChange(models.Model):
    """What a store outside must still be told, in this order: a vector, or, without one, that a chunk is gone."""

    id = models.BigAutoField(primary_key=True)
    space = models.ForeignKey(VectorSpace, on_delete=models.CASCADE, related_name="changes")
    chunk_id = models.BigIntegerField()
    document_id = models.UUIDField()
    embedding = VectorField(null=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.space_id} {self.chunk_id}"
