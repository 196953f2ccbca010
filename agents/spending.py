"""What was used by whom, when: read from the calls of a run and from the sums of each day, never by going through all calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum

from agents.models import Budget, ModelCall, UsageDay
from nexod.kernel.errors import InvalidInput

SUBJECT = {Budget.Scope.USER: "user", Budget.Scope.AGENT: "agent", Budget.Scope.WORKFLOW: "workflow"}


def used_before(budget: UUID, subject: str, period: str, *, runs: Sequence[UUID] = ()) -> Decimal:
    """Return what was used of a budget by ``subject`` in ``period``, a key of BudgetWindow, before anybody counted it.

    ``runs`` are, where the period is a run, that run and those below it.
    """
    row = Budget.objects.get(pk=budget)
    of_subject = Q(**{SUBJECT[Budget.Scope(row.scope)]: subject}) if row.scope in SUBJECT else Q()
    amount = "cost_usd" if row.unit == Budget.Unit.USD else F("tokens_in") + F("tokens_out")
    if row.period == Budget.Period.RUN:
        # What a workflow has others do in a run of it is its own use.
        of_subject = Q() if row.scope == Budget.Scope.WORKFLOW else of_subject
        found = ModelCall.objects.filter(of_subject, run__in=runs)
        return Decimal(found.aggregate(sum=Sum(amount))["sum"] or 0)
    days = UsageDay.objects.filter(of_subject, _within(row.period, period))
    return Decimal(days.aggregate(sum=Sum(amount))["sum"] or 0)


def _within(period: str, key: str) -> Q:
    if period == Budget.Period.DAY:
        return Q(day=date.fromisoformat(key))
    if period == Budget.Period.MONTH:
        year, month = map(int, key.split("-"))
        return Q(day__year=year, day__month=month)
    return Q()


SUMS = ("model_calls", "failures", "cache_answers", "unpriced", "tokens_in", "tokens_out", "tokens_cached",
        "tokens_reasoning", "cost_usd", "seconds")  # fmt: skip
GROUPS = ("day", "agent", "workflow", "user", "connection", "model", "knowledge_base", "run")
LONGEST_DAYS, LONGEST_DAYS_BY_RUN = 366, 7
MOST_ROWS = 500
Row = dict[str, Any]


def used_by(group: str, first: date, last: date, **only: str) -> list[Row]:
    """Return what was used from ``first`` to ``last``, both counted, added up by one of GROUPS: ``{"key", **SUMS}``.

    The dearest come first, days in their order. ``only`` narrows it down, such as ``agent="writer"``. Sums of days are read, and
    only by run the calls themselves. Raises InvalidInput for a period that is too long.
    """
    longest = LONGEST_DAYS_BY_RUN if group == "run" else LONGEST_DAYS
    if not 0 <= (last - first).days < longest:
        raise InvalidInput(f"The period has 1 to {longest} days.", details=[{"field": "from", "message": "is too far"}])
    rows = _of_runs(first, last, only) if group == "run" else _of_days(first, last, only)
    order = ("key",) if group == "day" else ("-cost_usd", "-tokens_in", "key")
    found = rows.values(key=F(group)).annotate(**_sums(group)).order_by(*order)
    return [dict(row) for row in found[:MOST_ROWS]]


def total_of(rows: list[Row]) -> Row:
    """Return the sum of rows of ``used_by``."""
    return {name: sum(row[name] for row in rows) for name in SUMS}


def _of_days(first: date, last: date, only: dict[str, str]) -> QuerySet[UsageDay]:
    return UsageDay.objects.filter(day__gte=first, day__lte=last, **only)


def _of_runs(first: date, last: date, only: dict[str, str]) -> QuerySet[ModelCall]:
    begin = datetime.combine(first, time.min, UTC)
    return ModelCall.objects.filter(created_at__gte=begin, created_at__lt=begin + (last - first + timedelta(1)), **only)


def _sums(group: str) -> dict[str, Any]:
    if group != "run":
        return {name: Sum(name) for name in SUMS}
    counted = Q(outcome__in=(ModelCall.Outcome.ANSWERED, ModelCall.Outcome.CUT))
    return {
        "model_calls": Count("pk", counted),
        "failures": Count("pk", ~Q(error="")),
        "cache_answers": Count("pk", Q(outcome=ModelCall.Outcome.CACHED)),
        "unpriced": Count("pk", counted & Q(price_known=False)),
        **{name: Sum(name) for name in SUMS[4:]},
    }
