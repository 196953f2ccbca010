"""Outgoing webhooks: who is told outside of what happens here."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenants.records import Record


class WebhookEndpoint(Record):
    """An address outside that is told of the events that it chose."""

    name = models.CharField(max_length=120)
    url = models.CharField(max_length=500)
    events = ArrayField(models.CharField(max_length=40), default=list, help_text="The events that it is told of")
    is_enabled = models.BooleanField(default=True)
    encrypted_secrets = models.JSONField(default=list, editable=False, help_text="[{secret, until}], the newest first")
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    disabled_reason = models.CharField(max_length=200, blank=True, editable=False, help_text="Why Nexod disabled it")
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name
