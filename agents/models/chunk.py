"""Chunks: the pieces of documents that are retrieved."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from agents.models.document import Document
from agents.models.knowledge_base import KnowledgeBase


class Chunk(models.Model):
    """A piece of a document: where it stands, and its text."""

    id = models.BigAutoField(primary_key=True)
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    knowledge_base = models.ForeignKey(KnowledgeBase, on_delete=models.CASCADE, related_name="chunks")
    ordinal = models.PositiveIntegerField()
    heading = models.CharField(max_length=500, blank=True, help_text="Heading path, joined by ' > '")
    lead = models.TextField(blank=True, help_text="Header rows of the table that it continues; not in its range")
    page = models.PositiveIntegerField(null=True, blank=True)
    start = models.PositiveIntegerField(help_text="First character in the parsed text")
    end = models.PositiveIntegerField(help_text="One past the last character")
    tokens = models.PositiveIntegerField(default=0)
    text = models.TextField()
    content_hash = models.CharField(
        max_length=64, help_text="Of title, headings, lead and text: an unchanged chunk keeps it"
    )

    class Meta:
        ordering = ("document", "ordinal")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["document", "ordinal"], name="chunk_ordinal_once", deferrable=models.Deferrable.DEFERRED
            )
        ]

    def __str__(self) -> str:
        return f"{self.document_id} #{self.ordinal}"
