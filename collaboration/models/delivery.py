"""Deliveries: everything that leaves for a webhook or a mailbox, with what came of each attempt. One outbox, one log."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q

from collaboration.models.webhook import WebhookEndpoint
from tenants.records import Record

if TYPE_CHECKING:
    from tenants.accounts.models import User


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Reads of deliveries."""

    def visible_to(self, user: User) -> DeliveryQuerySet:
        """Return what goes to webhooks and to the user's own mailbox, and everybody's for who looks after people."""
        return self if user.has_perm("accounts.view_user") else self.filter(Q(user=None) | Q(user=user))

    def waiting_mail(self, user: User) -> DeliveryQuerySet:
        """Return the user's e-mails that nobody sends yet."""
        return self.filter(user=user, status=Delivery.Status.PENDING, sending_until=None, attempts=0)


class Delivery(Record):
    """Something on its way to one endpoint or one person. Its id is the ``webhook-id`` or Message-ID, the same in every attempt."""

    class Status(models.TextChoices):
        """On its way, taken, given up, or not needed any more when its time came."""

        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"
        DROPPED = "dropped"

    endpoint = models.ForeignKey(
        WebhookEndpoint, null=True, blank=True, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    user = models.ForeignKey(
        "accounts.User", null=True, blank=True, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    event = models.CharField(max_length=40)
    key = models.CharField(max_length=160, help_text="The same thing is told once")
    payload = models.JSONField(
        help_text="What is sent, from the first attempt to the last; of an e-mail only what kind"
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Since it was last sent off")
    log = models.JSONField(default=list, help_text="[{at, status, seconds, excerpt, error}] of each attempt")
    sending_until = models.DateTimeField(null=True, help_text="A worker sends it now, unless it has died")
    next_at = models.DateTimeField(null=True, help_text="When it is tried, or tried again")
    delivered_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["endpoint", "key"], name="delivery_once"),
            models.UniqueConstraint(fields=["user", "key"], name="mail_once"),
            models.CheckConstraint(
                name="delivery_goes_somewhere",
                condition=Q(endpoint__isnull=True, user__isnull=False) | Q(endpoint__isnull=False, user__isnull=True),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["endpoint", "-created_at", "-id"], name="delivery_newest"),
            models.Index(fields=["user", "event", "-created_at"], name="mail_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.status}"

    @property
    def channel(self) -> str:
        """Return by what it goes: ``webhook`` or ``email``."""
        return "webhook" if self.endpoint_id else "email"

    @property
    def receiver(self) -> str:
        """Return to whom it goes: the endpoint's name or the person's address."""
        return self.endpoint.name if self.endpoint else self.user.email if self.user else ""
