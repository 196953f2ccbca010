"""Documents: what they are made of, who may read them, and how far their ingestion is."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import Group
from django.db import models

from agents.models import visibility
from agents.models.knowledge_base import KnowledgeBase
from agents.models.sitemap import Sitemap
from tenants.records import Record


def _is_unasked() -> models.ExpressionWrapper[models.Q]:
    """Whether nobody sits before it and waits: what was uploaded is read first."""
    return models.ExpressionWrapper(models.Q(origin__in=("url", "folder")), models.BooleanField())


class DocumentQuerySet(models.QuerySet["Document"]):
    """Documents, as the lanes take them."""

    def in_turn(self) -> DocumentQuerySet:
        """Order them as they are taken for reading: by the index ``document_waiting`` where they are pending."""
        return self.order_by(_is_unasked(), "created_at", "pk")


class Document(Record):
    """A file in a knowledge base, and how far its ingestion is."""

    class Status(models.TextChoices):
        """The way of a document; ``failed`` and ``duplicate`` say why in ``error``."""

        PENDING = "pending"
        PROCESSING = "processing"
        READY = "ready"
        FAILED = "failed"
        DUPLICATE = "duplicate"

    class Origin(models.TextChoices):
        """Where its content comes from."""

        UPLOAD = "upload"
        TEXT = "text"
        FOLDER = "folder"
        URL = "url"

    Visibility = visibility.Visibility

    knowledge_base = models.ForeignKey(KnowledgeBase, on_delete=models.CASCADE, related_name="documents")
    origin = models.CharField(max_length=8, choices=Origin, default=Origin.UPLOAD)
    address = models.CharField(
        max_length=800,
        blank=True,
        help_text="Its URL, path or key: once in a knowledge base; new content replaces the old",
    )
    sitemap = models.ForeignKey(Sitemap, null=True, blank=True, on_delete=models.CASCADE, related_name="documents")
    name = models.CharField(max_length=255, help_text="The file's name")
    title = models.CharField(max_length=300, blank=True)
    media_type = models.CharField(max_length=120, blank=True)
    bytes = models.PositiveBigIntegerField(default=0)
    content_hash = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the file")
    storage_key = models.CharField(max_length=255, blank=True, editable=False)
    etag = models.CharField(max_length=255, blank=True, editable=False)
    last_modified = models.CharField(max_length=80, blank=True, editable=False)
    fetched_at = models.DateTimeField(null=True, blank=True, help_text="When its URL was last asked for it")
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    progress = models.PositiveSmallIntegerField(default=0, help_text="Per cent")
    error = models.JSONField(null=True, blank=True, help_text="{code, message} of a failed ingestion")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Readings begun since it last ended well")
    retry_at = models.DateTimeField(null=True, blank=True, help_text="It is not read before then")
    fence = models.PositiveBigIntegerField(default=0, editable=False, help_text="How often it was taken for reading")
    text_length = models.PositiveIntegerField(default=0)
    pages = models.PositiveIntegerField(default=0)
    ingested_at = models.DateTimeField(null=True, blank=True)
    uploaded_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    metadata = models.JSONField(default=dict, blank=True, help_text="What searches can be filtered by")
    visibility = models.CharField(max_length=12, choices=Visibility, default=Visibility.EVERYONE)
    readers = models.ManyToManyField("accounts.User", blank=True, related_name="+")
    reader_groups = models.ManyToManyField(Group, blank=True, related_name="+")

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        permissions = (("read_every_document", "Can read documents that are restricted to others"),)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["knowledge_base", "content_hash"],
                condition=~models.Q(content_hash=""),
                name="document_once_per_knowledge_base",
            ),
            models.UniqueConstraint(
                fields=["knowledge_base", "address"], condition=~models.Q(address=""), name="document_address_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["knowledge_base", "status"], name="document_status"),
            models.Index(
                fields=["status", "created_at"],
                condition=models.Q(status__in=("pending", "processing")),
                name="document_open",
            ),
            models.Index(
                _is_unasked(), "created_at", "id", condition=models.Q(status="pending"), name="document_waiting"
            ),
            models.Index(fields=["knowledge_base", "ingested_at"], name="document_ingested"),
        ]

    def __str__(self) -> str:
        return self.title or self.name


class DocumentText(models.Model):
    """What a document says, as its chunks and citations count the characters of it."""

    document = models.OneToOneField(Document, on_delete=models.CASCADE, primary_key=True, related_name="body")
    text = models.TextField()

    def __str__(self) -> str:
        return str(self.document_id)
