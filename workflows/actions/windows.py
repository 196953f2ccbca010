"""Which budgets a model call falls under, in SQL: the rows that whoever holds or spends locks first, always in the same order."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from workflows.actions.statements import Statement

Amounts = tuple[Decimal, int]
"""US dollars and tokens."""
# Budgets have the order of their ids in every statement, so that no two callers wait for each other. The insert makes a
# window where there is none yet, and locks and grows the one that there is: a row's newest state, whatever the snapshot says.
OPENED = """
INSERT INTO agents_budgetwindow AS w (budget_id, subject, period, used, counted, warned, updated_at)
SELECT {columns} FROM ({falls}) AS falls{from_run} ORDER BY falls.id NULLS FIRST, falls.subject, falls.period
ON CONFLICT (budget_id, subject, period) DO UPDATE SET used = w.used + excluded.used, updated_at = excluded.updated_at
"""
COLUMNS = (
    "falls.id, falls.subject, falls.period, CASE falls.unit WHEN 'usd' THEN %s ELSE %s END, false, false,"
    " clock_timestamp()"
)
FALLS = """
  SELECT DISTINCT b.id, who.subject, span.key AS period, b.unit
  FROM agents_budget b
  JOIN unnest(%s::text[], %s::text[], %s::text[]) AS who (scope, subject, run)
    ON who.scope = b.scope AND b.whom IN ('', who.subject)
  JOIN LATERAL (VALUES ('run', who.run), ('day', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD')),
               ('month', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM')), ('total', '')) AS span (period, key)
    ON span.period = b.period
  WHERE b.is_active AND span.key IS NOT NULL
"""
PLAN = """
  UNION ALL
  SELECT NULL, plan.unit, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM'), plan.unit
  FROM jsonb_object_keys(doors.allowance()) AS plan (unit)
"""


@dataclass(frozen=True, slots=True)
class Whose:
    """For whom a call is made; what is not known is empty, and falls under no budget of its kind.

    What is of no run falls under no run's budget.

    ``above`` are the runs that had this one started, each with the slug of its workflow: their budgets count the call too.
    """

    run: UUID | None
    user: str = ""
    workflow: str = ""
    agent: str = ""
    above: tuple[tuple[UUID, str], ...] = ()

    def subjects(self) -> list[tuple[str, str, str | None]]:
        """Return (scope, subject, run) of every kind of budget that the call may fall under."""
        if self.run is None:
            return [("tenant", "", None), *([("user", self.user, None)] if self.user else [])]
        own = str(self.run)
        named: list[tuple[str, str, str | None]] = [("user", self.user, own), ("agent", self.agent, own)]
        for run, workflow in ((self.run, self.workflow), *self.above):
            named += [("workflow", workflow, str(run))]
        each = [("run", "", str(run)) for run in (self.run, *(run for run, _ in self.above))]
        return [("tenant", "", own), *each, *(one for one in named if one[1])]


def opening(whose: Whose) -> Statement:
    """Return the statement that locks the call's windows, the plan's too, and returns (id, budget, subject, period, counted)."""
    sql = OPENED.format(columns=COLUMNS, falls=FALLS + PLAN, from_run="")
    return f"{sql} RETURNING w.id, w.budget_id, w.subject, w.period, w.counted", [0, 0, *_values(whose)]


def charging(whose: Whose, used: Amounts) -> Statement:
    """Return the statement that adds what a call used to its windows, where the run's row ``grown`` is there."""
    return OPENED.format(columns=COLUMNS, falls=FALLS, from_run=", grown"), [*used, *_values(whose)]


def _values(whose: Whose) -> list[Any]:
    return [list(column) for column in zip(*whose.subjects(), strict=True)]
