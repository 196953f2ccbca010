"""What a step waits for that is neither a person nor its own next try: a time, a callback, another run."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from tenants.records import Record
from workflows.models.run import Run, Step


class WaitQuerySet(models.QuerySet["Wait"]):
    """Reads of waits."""

    def open(self) -> WaitQuerySet:
        """Return the waits that nothing has ended yet; the clock is the database's."""
        return self.filter(Q(due_at=None) | Q(due_at__gt=Now()), over=False)


class Wait(Record):
    """One wait of one step. A callback may come before the step that waits for it: its ``step`` is empty then.

    ``due_at`` is when a timer ends, or when a callback or a run has taken too long.
    """

    class Kind(models.TextChoices):
        """What ends it."""

        TIMER = "timer"
        CALLBACK = "callback"
        RUN = "run"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="waits")
    step = models.ForeignKey(Step, null=True, on_delete=models.CASCADE, related_name="waits")
    node = models.CharField(max_length=60)
    key = models.CharField(max_length=100, blank=True, help_text="Tells the waits of one step apart")
    kind = models.CharField(max_length=10, choices=Kind)
    due_at = models.DateTimeField(null=True)
    child = models.OneToOneField(Run, null=True, on_delete=models.SET_NULL, related_name="awaited_by")
    over = models.BooleanField(default=False)
    times_out = models.BooleanField(
        default=False, help_text="What is due is the end of the step's time, not what it waits for"
    )
    result = models.JSONField(null=True, help_text="What the callback brought")

    objects = WaitQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["step", "key"], name="wait_once_a_step", condition=Q(step__isnull=False)),
            models.UniqueConstraint(fields=["run", "node"], name="callback_early_once", condition=Q(step__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.node}"
