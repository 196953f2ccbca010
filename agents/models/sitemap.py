"""Sitemaps: lists of pages of a site, each of which becomes a document."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from agents.models.knowledge_base import KnowledgeBase
from agents.models.visibility import Visibility
from tenants.records import Record


class Sitemap(Record):
    """A sitemap, or an index of sitemaps, whose pages a knowledge base holds."""

    class Status(models.TextChoices):
        """Whether it has been read; its pages have states of their own."""

        PENDING = "pending"
        PROCESSING = "processing"
        READY = "ready"
        FAILED = "failed"

    knowledge_base = models.ForeignKey(KnowledgeBase, on_delete=models.CASCADE, related_name="sitemaps")
    address = models.CharField(max_length=800, help_text="Its URL")
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING, editable=False)
    error = models.JSONField(null=True, blank=True, editable=False, help_text="{code, message} of a failed reading")
    found = models.PositiveIntegerField(default=0, editable=False, help_text="Pages that it names")
    left_out = models.PositiveIntegerField(
        default=0, editable=False, help_text="Pages of other sites, or over the limit"
    )
    metadata = models.JSONField(default=dict, blank=True, help_text="Of each page that becomes a document")
    visibility = models.CharField(
        max_length=12, choices=Visibility, default=Visibility.EVERYONE,
        help_text="Of each page that becomes a document; restricted, whoever added the sitemap reads it",
    )  # fmt: skip
    read_at = models.DateTimeField(null=True, blank=True, editable=False)
    added_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ("-created_at", "-id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["knowledge_base", "address"], name="sitemap_once_per_knowledge_base")
        ]

    def __str__(self) -> str:
        return self.address
