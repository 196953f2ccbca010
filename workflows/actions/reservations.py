"""Room for a model call in every budget that it falls under, held before the call in rows that outlive its worker.

Whoever wants room locks the windows of all the budgets, reads what is used and held, and holds, or is refused: two callers of one
budget never read at the same time. What is held counts while the run's fence is the one it was held under, and until it is too old;
what no run holds, until it is too old.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from agents.models import BudgetHold, BudgetWindow
from agents.spending import used_before
from nexod.kernel.identifiers import new_id
from nexod.kernel.run_port import Estimate, Reservation
from workflows.actions.windows import Whose, opening
from workflows.models import Run

UUID_LENGTH = 36
GRACE_S = 60.0
"""So long after the call should have ended, what it holds is free, whatever became of its worker."""
LIMITED = "SELECT EXISTS (SELECT FROM agents_budget WHERE is_active) OR doors.allowance() IS NOT NULL"
VERDICT = """
WITH standing AS (
  SELECT w.id, b.id AS budget, coalesce(b.name, 'plan') AS name, coalesce(b.unit, w.subject) AS unit, w.subject, w.period,
    coalesce(b.on_exceeding, 'stop') AS handling, coalesce(b.warn_at, 0) AS warn_at, w.warned,
    coalesce(b."limit", (plan.allowance -> w.subject ->> 'limit')::numeric) + coalesce(
      (SELECT sum(amount) FROM agents_budgetraise r WHERE r.budget_id = b.id AND r.run = ANY(%(chain)s::uuid[])), 0) AS "limit",
    CASE WHEN b.id IS NULL THEN (plan.allowance -> w.subject ->> 'used')::numeric ELSE w.used END AS used,
    coalesce((SELECT sum(h.amount) FROM agents_budgethold h LEFT JOIN workflows_run r ON r.id = h.run AND r.fence = h.fence
              WHERE h.window_id = w.id AND h.expires_at > clock_timestamp() AND (h.run IS NULL OR r.id IS NOT NULL)), 0) AS held,
    CASE coalesce(b.unit, w.subject) WHEN 'usd' THEN %(usd)s ELSE %(tokens)s END AS wanted
  FROM agents_budgetwindow w LEFT JOIN agents_budget b ON b.id = w.budget_id, (SELECT doors.allowance()) AS plan (allowance)
  WHERE w.id = ANY(%(windows)s)
), judged AS (
  SELECT *, unit = 'usd' AND NOT %(priced)s AS unpriced,
    (unit <> 'usd' OR %(priced)s) AND used + held + wanted <= "limit" AS fits FROM standing
), holding AS (
  INSERT INTO agents_budgethold (call, window_id, run, fence, amount, expires_at)
  SELECT %(call)s, id, %(run)s, %(fence)s, wanted, clock_timestamp() + make_interval(secs => %(seconds)s) FROM judged
  WHERE NOT EXISTS (SELECT FROM judged WHERE NOT fits)
)
SELECT * FROM judged ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """What one window says to one call. ``budget`` None is the plan; ``limit`` has what was allowed to this run alone.

    ``unpriced``: it counts dollars, and nobody knows what the call costs.
    """

    id: int
    budget: UUID | None
    name: str
    unit: str
    subject: str
    period: str
    handling: str
    warn_at: int
    warned: bool
    limit: Decimal
    used: Decimal
    held: Decimal
    wanted: Decimal
    unpriced: bool
    fits: bool

    @property
    def only_held(self) -> bool:
        """Say whether the call would fit if the calls at work now had used nothing."""
        return not self.unpriced and self.used + self.wanted <= self.limit

    @property
    def is_near(self) -> bool:
        """Say whether people are to be told now that it is nearly used up."""
        share = self.limit * self.warn_at / 100
        return bool(self.warn_at) and not self.warned and self.used + self.held + self.wanted >= share


@dataclass(frozen=True, slots=True)
class Verdict:
    """Room that is held, or the windows that refuse it; ``near`` are those of which people are to be told."""

    reservation: Reservation | None
    refusals: Sequence[Standing] = ()
    near: Sequence[Standing] = ()


def is_limited() -> bool:
    """Say whether the tenant has any budget, or its plan any limit of a month: where not, nothing is locked or held."""
    with connection.cursor() as cursor:
        cursor.execute(LIMITED)
        return bool(cursor.fetchone()[0])


@transaction.atomic
def reserve(estimate: Estimate, whose: Whose, *, fence: int) -> Verdict:
    """Hold what the call may use in all its windows, or in none of them."""
    windows = _opened(whose)
    if not windows:
        return Verdict(None)
    call = new_id()
    said = _judged(windows, estimate, whose, call, fence)
    near = [one for one in said if one.is_near]
    if near:
        BudgetWindow.objects.filter(pk__in=[one.id for one in near]).update(warned=True)
    refusals = [one for one in said if not one.fits]
    return Verdict(None if refusals else Reservation(str(call), estimate), refusals, near)


def release(reservation: Reservation) -> None:
    """Give back what a call holds that used nothing."""
    BudgetHold.objects.filter(call=reservation.id).delete()


def _opened(whose: Whose) -> list[int]:
    """Lock the call's windows and return their ids; those that are new count what was used before."""
    with connection.cursor() as cursor:
        cursor.execute(*opening(whose))
        rows = cursor.fetchall()
    for id_, budget, subject, period, counted in rows:
        if budget is not None and not counted:
            used = used_before(budget, subject, period, runs=_tree(period))
            BudgetWindow.objects.filter(pk=id_).update(used=used, counted=True)
    return [row[0] for row in rows]


def _tree(period: str) -> list[UUID]:
    """Return the run that a window is of, if it is a run's, and all the runs that were started below it."""
    found = level = [UUID(period)] if len(period) == UUID_LENGTH else []
    while level:
        level = list(Run.objects.filter(parent__run__in=level).values_list("id", flat=True))
        found = [*found, *level]
    return found


def _judged(windows: list[int], estimate: Estimate, whose: Whose, call: UUID, fence: int) -> list[Standing]:
    values: dict[str, Any] = {
        "windows": windows,
        "usd": Decimal(str(estimate.cost_usd)),
        "tokens": estimate.tokens_in + estimate.tokens_out,
        "priced": estimate.price_known,
        "call": call,
        "run": whose.run,
        "chain": [] if whose.run is None else [whose.run, *(run for run, _ in whose.above)],
        "fence": fence,
        "seconds": estimate.seconds + GRACE_S,
    }
    with connection.cursor() as cursor:
        cursor.execute(VERDICT, values)
        return [Standing(*row) for row in cursor.fetchall()]
