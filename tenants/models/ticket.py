"""The run queue in public: who may work on which run now. Ids and times only, no content."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.models.tenant import Tenant


class RunTicket(models.Model):
    """One run's place in the queue. Written through the functions of schema ``doors`` by tenants, read by staff."""

    class State(models.TextChoices):
        """Ready for a worker, claimed by one, parked until something happens, done, or given up."""

        READY = "ready"
        CLAIMED = "claimed"
        PARKED = "parked"
        DONE = "done"
        DEAD = "dead"

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="tickets")
    run = models.UUIDField(unique=True)
    queue = models.CharField(max_length=20)
    priority = models.SmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State, default=State.READY)
    worker = models.CharField(max_length=120, blank=True, default="")
    token = models.BigIntegerField(default=0, help_text="Fencing token: grows with every claim")
    attempt = models.PositiveIntegerField(default=0)
    woken = models.BooleanField(default=False, help_text="Something happened while a worker had it")
    lease_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True, help_text="Empty: at once")
    wake_at = models.DateTimeField(null=True, blank=True, help_text="When the sweeper sends a worker the next message")
    wakes = models.PositiveSmallIntegerField(default=0, help_text="Messages of the sweeper since the last news")
    reason = models.CharField(max_length=40, blank=True, default="", help_text="Code of what a dead run died of")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["wake_at"], name="ticket_wake", condition=models.Q(wake_at__isnull=False)),
            models.Index(fields=["tenant", "state"], name="ticket_tenant_state"),
        ]

    def __str__(self) -> str:
        return f"{self.run} ({self.state})"
