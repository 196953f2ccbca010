"""When something of a tenant is next due: a schedule, a delivery, a message that must not be lost. Ids and times only."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.models.tenant import Tenant


class DueTime(models.Model):
    """One thing's next time. Written through the functions of schema ``doors`` by tenants, looked at by every worker's sweeper."""

    class Kind(models.TextChoices):
        """What is due, which says what Celery task is sent."""

        RUN = "run"
        SCHEDULE = "schedule"
        FIRING = "firing"
        DELIVERY = "delivery"
        DOCUMENT = "document"
        VECTORS = "vectors"
        ASKED = "asked"
        NOTED = "noted"
        ENDED = "ended"
        APPROVAL = "approval"
        RECOUNT = "recount"
        BUDGET = "budget"
        ROOM = "room"

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="due_times", db_index=False)
    kind = models.CharField(max_length=20, choices=Kind)
    item = models.UUIDField()
    due_at = models.DateTimeField()
    wake_at = models.DateTimeField(help_text="When the sweeper sends a worker the next message")
    wakes = models.PositiveSmallIntegerField(default=0, help_text="Messages of the sweeper for this time")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant", "kind", "item"], name="due_once_a_kind")]
        indexes: ClassVar = [models.Index(fields=["wake_at"], name="due_wake")]

    def __str__(self) -> str:
        return f"{self.kind} {self.item}"
