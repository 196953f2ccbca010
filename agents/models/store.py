"""Vector stores outside: where an index is reached, with which key."""

from __future__ import annotations

from django.db import models

from agents.models.connection import HTTP_ADDRESS
from tenants.records import Record


class StoreConnection(Record):
    """An index at a service; the key is stored encrypted and never shown. Each knowledge base has a namespace of its own in it."""

    class Kind(models.TextChoices):
        """Whose service it is."""

        PINECONE = "pinecone", "Pinecone"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.PINECONE)
    address = models.CharField(
        max_length=500, validators=[HTTP_ADDRESS], help_text="Of the index, such as https://docs-1a2b3c.svc.pinecone.io"
    )
    encrypted_key = models.TextField(blank=True, editable=False)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def has_key(self) -> bool:
        """Say whether a key is stored."""
        return bool(self.encrypted_key)
