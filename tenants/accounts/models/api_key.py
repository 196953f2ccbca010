"""API keys: only a hash is kept; the prefix is shown, so that a person recognises the key."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.encoding import force_bytes

from tenants.records import Record

if TYPE_CHECKING:
    from tenants.accounts.models.user import User

PREFIX = "nxd_"
SCOPES = ("read", "write", "run", "approve")


def generate_key() -> str:
    """Return a new key: a mark that scanners recognise and 240 random bits."""
    return PREFIX + secrets.token_urlsafe(30)


def hash_key(key: str) -> str:
    """Return the keyed hash under which a key is stored (HMAC-SHA-256; the key itself has enough entropy)."""
    return hmac.new(force_bytes(settings.SECRET_KEY), key.encode(), hashlib.sha256).hexdigest()


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """Reads of keys."""

    def usable(self, now: datetime) -> ApiKeyQuerySet:
        """Return the keys that are neither revoked nor expired, of users who are active."""
        alive = models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=now)
        return self.filter(alive, revoked_at__isnull=True, user__is_active=True)

    def visible_to(self, user: User) -> ApiKeyQuerySet:
        """Return the user's own keys, and everybody's for who looks after people."""
        return self if user.has_perm("accounts.view_apikey") else self.filter(user=user)


class ApiKey(Record):
    """A key with which a program acts as a user, within scopes."""

    name = models.CharField(max_length=80)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="api_keys")
    prefix = models.CharField(max_length=16, editable=False)
    hashed = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=10), default=list)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        verbose_name = "API key"
        constraints: ClassVar = [
            models.CheckConstraint(name="api_key_scopes_known", condition=models.Q(scopes__contained_by=list(SCOPES))),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
