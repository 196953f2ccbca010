"""Budgets: how much may be used by whom in which time, what is used and held of it, and who allowed more."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from nexod.kernel.identifiers import new_id
from tenants.records import Record


class BudgetQuerySet(models.QuerySet["Budget"]):
    """Reads of budgets."""

    def active(self) -> BudgetQuerySet:
        """Return those that are obeyed."""
        return self.filter(is_active=True)


class Budget(Record):
    """A limit that every model call is held to before it is made. Without ``whom`` each agent, person... has it for himself."""

    class Scope(models.TextChoices):
        """Whose use is added up."""

        TENANT = "tenant", "The workspace"
        USER = "user", "A person"
        AGENT = "agent", "An agent"
        WORKFLOW = "workflow", "A workflow"
        RUN = "run", "Each run"

    class Unit(models.TextChoices):
        """What is added up."""

        USD = "usd", "US dollars"
        TOKENS = "tokens", "Tokens, read and written"

    class Period(models.TextChoices):
        """When it begins anew. Days and months are UTC's."""

        RUN = "run", "Each run"
        DAY = "day", "Each day"
        MONTH = "month", "Each month"
        TOTAL = "total", "Never"

    class Handling(models.TextChoices):
        """What becomes of a call that does not fit."""

        STOP = "stop", "Fail the run"
        FALL_BACK = "fall_back", "Ask the agent's next, cheaper model"
        ASK = "ask", "Park the run and ask a person"

    name = models.CharField(max_length=120)
    scope = models.CharField(max_length=10, choices=Scope)
    whom = models.CharField(
        max_length=60, blank=True, help_text="Slug of the agent or workflow, id of the person; empty: each for itself"
    )
    unit = models.CharField(max_length=10, choices=Unit, default=Unit.USD)
    limit = models.DecimalField(max_digits=16, decimal_places=6, validators=[MinValueValidator(0)])
    period = models.CharField(max_length=10, choices=Period)
    on_exceeding = models.CharField(max_length=10, choices=Handling, default=Handling.STOP)
    warn_at = models.PositiveSmallIntegerField(
        default=80, validators=[MaxValueValidator(100)], help_text="Per cent at which people are told; 0: never"
    )
    is_active = models.BooleanField(default=True)

    objects = BudgetQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="budget_names_whom_it_can", condition=Q(whom="") | Q(scope__in=["user", "agent", "workflow"])
            ),
            models.CheckConstraint(name="budget_of_a_run_lasts_a_run", condition=~Q(scope="run") | Q(period="run")),
        ]

    def __str__(self) -> str:
        return self.name


class BudgetWindow(models.Model):
    """What was used of one budget by one ``subject`` in one ``period`` (a day, a month, a run's id, or empty for all time).

    Whoever holds or spends locks this row first. Without a budget it is the plan's, whose use is counted by the platform.
    """

    id = models.BigAutoField(primary_key=True)
    budget = models.ForeignKey(Budget, null=True, on_delete=models.CASCADE, related_name="windows", db_index=False)
    subject = models.CharField(max_length=60, blank=True)
    period = models.CharField(max_length=36, blank=True)
    used = models.DecimalField(max_digits=20, decimal_places=6, default=0)
    counted = models.BooleanField(default=False, help_text="What was used before it was opened is in it")
    warned = models.BooleanField(default=False)
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ("budget", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["budget", "subject", "period"], name="budget_window_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.period}".strip() or "all"


class BudgetHold(models.Model):
    """Room that one call holds in one window. It counts while the run's claim is the one it was held under, and not too old.

    Without a run (documents are read, or searched) only its age counts.
    """

    id = models.BigAutoField(primary_key=True)
    call = models.UUIDField(db_index=True)
    window = models.ForeignKey(BudgetWindow, on_delete=models.CASCADE, related_name="holds")
    run = models.UUIDField(null=True)
    fence = models.BigIntegerField()
    amount = models.DecimalField(max_digits=20, decimal_places=6)
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.amount} of {self.window_id}"


class BudgetRaise(models.Model):
    """Somebody allowed more: ``amount`` on top, of the limit for everybody, or for one run only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="raises")
    by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    run = models.UUIDField(null=True, help_text="Only this run may use it")
    amount = models.DecimalField(max_digits=16, decimal_places=6, help_text="Less than nothing: the limit was lowered")
    limit = models.DecimalField(max_digits=16, decimal_places=6, help_text="The budget's limit since then")
    comment = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [models.Index(fields=["budget", "run"], name="budget_raise_of_run")]

    def __str__(self) -> str:
        return f"{self.amount:+f}"
