"""Credentials: what proves to another service who asks. Workflows and agents name them and never see what is in them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from tenants.records import Record


class Credential(Record):
    """A secret under a name, sent to its own hosts only. It is stored encrypted, for this row of this tenant, and never shown."""

    class Kind(models.TextChoices):
        """How a request carries it."""

        BEARER = "bearer", "Bearer token"
        BASIC = "basic", "User name and password"
        HEADER = "header", "Header"
        QUERY = "query", "Query parameter"
        OAUTH2 = "oauth2", "OAuth 2 client"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=500, blank=True, help_text="Whose it is, and where a new one comes from")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.BEARER)
    hosts = ArrayField(
        models.CharField(max_length=270), help_text="To which it may be sent, such as api.example.com or *.example.com"
    )
    settings = models.JSONField(default=dict, blank=True, help_text="What its kind needs beside the secret")
    encrypted_value = models.TextField(blank=True, editable=False)
    encrypted_former_value = models.TextField(blank=True, editable=False)
    former_until = models.DateTimeField(null=True, blank=True, editable=False)
    encrypted_access = models.TextField(blank=True, editable=False, help_text="What was last got for an OAuth 2 client")
    rotated_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When the secret was last given")
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ("name",)
        permissions: ClassVar = (("use_credential", "Can use credential"),)

    def __str__(self) -> str:
        return self.name

    @property
    def has_secret(self) -> bool:
        """Say whether a secret is stored."""
        return bool(self.encrypted_value)

    @property
    def has_former_secret(self) -> bool:
        """Say whether the secret before it is still tried where this one is refused."""
        return bool(self.encrypted_former_value and self.former_until and self.former_until > timezone.now())
