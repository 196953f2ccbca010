"""Documents and the chunks they are retrieved by."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from pgvector.django import HnswIndex, VectorField

from agents.models.knowledge_base import KnowledgeBase
from tenants.records import Record

DIMENSIONS = 256


class Document(Record):
    """A file in a knowledge base, and how far its ingestion is."""

    class Status(models.TextChoices):
        """The way of a document; ``failed`` says why in ``error``."""

        PENDING = "pending"
        PROCESSING = "processing"
        READY = "ready"
        FAILED = "failed"

    knowledge_base = models.ForeignKey(KnowledgeBase, on_delete=models.CASCADE, related_name="documents")
    name = models.CharField(max_length=255, help_text="The file's name")
    title = models.CharField(max_length=300, blank=True)
    media_type = models.CharField(max_length=120, blank=True)
    bytes = models.PositiveBigIntegerField(default=0)
    content_hash = models.CharField(max_length=64, help_text="SHA-256 of the file")
    storage_key = models.CharField(max_length=255, editable=False)
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    progress = models.PositiveSmallIntegerField(default=0, help_text="Per cent")
    error = models.JSONField(null=True, blank=True, help_text="{code, message} of a failed ingestion")
    text_length = models.PositiveIntegerField(default=0)
    pages = models.PositiveIntegerField(default=0)
    ingested_at = models.DateTimeField(null=True, blank=True)
    uploaded_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ("-created_at", "-id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["knowledge_base", "content_hash"], name="document_once_per_knowledge_base")
        ]
        indexes: ClassVar = [models.Index(fields=["knowledge_base", "status"], name="document_status")]

    def __str__(self) -> str:
        return self.title or self.name


class Chunk(models.Model):
    """A piece of a document: where it stands, its text, its embedding and its words."""

    id = models.BigAutoField(primary_key=True)
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="chunks")
    knowledge_base = models.ForeignKey(KnowledgeBase, on_delete=models.CASCADE, related_name="chunks")
    ordinal = models.PositiveIntegerField()
    heading = models.CharField(max_length=500, blank=True, help_text="Heading path, joined by ' > '")
    page = models.PositiveIntegerField(null=True, blank=True)
    start = models.PositiveIntegerField(help_text="First character in the parsed text")
    end = models.PositiveIntegerField(help_text="One past the last character")
    text = models.TextField()
    content_hash = models.CharField(max_length=64)
    embedding = VectorField(dimensions=DIMENSIONS)
    words = models.GeneratedField(
        expression=SearchVector("text", config="english"), output_field=SearchVectorField(), db_persist=True
    )

    class Meta:
        ordering = ("document", "ordinal")
        constraints: ClassVar = [models.UniqueConstraint(fields=["document", "ordinal"], name="chunk_ordinal_once")]
        indexes: ClassVar = [
            HnswIndex(name="chunk_embedding", fields=["embedding"], opclasses=["vector_cosine_ops"]),
            GinIndex(name="chunk_words", fields=["words"]),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} #{self.ordinal}"
