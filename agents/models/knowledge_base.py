"""Knowledge bases: named collections of documents."""

from __future__ import annotations

from django.db import models

from tenants.records import Record


class KnowledgeBase(Record):
    """Documents that agents may look things up in, embedded with one model."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(max_length=2000, blank=True)
    embedding_model = models.CharField(
        max_length=190, default="wordllama-256", help_text="Name of an embedding model, such as wordllama-256"
    )
    retrieval = models.JSONField(default=dict, blank=True, help_text="How searches go about it; empty: as usual")

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
