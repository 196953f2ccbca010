"""What is said when a budget refuses a model call: to the run's reader, to the program, and to whoever may allow more."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from agents.models import Budget
from nexod.kernel.events import BudgetExceeded
from nexod.kernel.run_port import BudgetExhausted, Estimate, Question
from workflows.actions.reservations import Standing

if TYPE_CHECKING:
    from workflows.engine.record import Record

Handling = Budget.Handling
# What a person cannot allow counts before what he can; a cheaper model is tried before anybody is asked.
ORDER = (Handling.STOP, Handling.FALL_BACK, Handling.ASK)
UNITS = {"usd": "USD", "tokens": "tokens"}
INSTRUCTIONS = (
    "**Approve**: this run alone may use {more} on top. **A new limit** (an edit, a number) is for everybody. "
    "**Reject**: the run fails."
)


def severity(refusal: Standing) -> int:
    """Return the place of the refusal among those of one call: the smallest decides what is done."""
    hopeless = refusal.unpriced and refusal.handling == Handling.ASK
    return ORDER.index(Handling.STOP if hopeless else Handling(refusal.handling))


def error_of(refusal: Standing, estimate: Estimate) -> BudgetExhausted:
    """Return what the call is refused with."""
    details = {
        "budget": str(refusal.budget or "plan"),
        "name": refusal.name,
        "unit": refusal.unit,
        "limit": float(refusal.limit),
        "used": float(refusal.used),
        "held": float(refusal.held),
        "wanted": float(refusal.wanted),
        "model": estimate.model,
    }
    fall_back = refusal.handling == Handling.FALL_BACK
    message = _message(refusal, estimate)
    return BudgetExhausted(message, details=details, fall_back=fall_back, only_held=refusal.only_held)


def event_of(refusal: Standing, record: Record, agent: str) -> BudgetExceeded:
    """Return what the run tells of it."""
    return BudgetExceeded(
        node=record.step.node,
        step=str(record.step.id),
        budget=str(refusal.budget or "plan"),
        name=refusal.name,
        limit=float(refusal.limit),
        used=float(refusal.used),
        wanted=float(refusal.wanted),
        unit=UNITS[refusal.unit],
        handling=refusal.handling,
        agent=agent,
    )


def allowance(refusal: Standing) -> Decimal:
    """Return what one run is offered on top: as much again as the limit, and never less than it needs now."""
    return max(refusal.limit, refusal.used + refusal.held + refusal.wanted - refusal.limit)


def question_about(refusal: Standing, record: Record) -> Question:
    """Return what whoever may raise the budget is asked."""
    step = record.step.title or record.step.node
    rows = [("Limit", refusal.limit), ("Used", refusal.used), ("Held by calls at work", refusal.held),
            ("The next call, at most", refusal.wanted)]  # fmt: skip
    table = "\n".join(
        f"| {name} | {amount_of(amount, refusal.unit)} |" for name, amount in rows if amount or name != "Held"
    )
    return Question(
        title=f"Allow more? {refusal.name}"[:200],
        content=f"The run stopped before a model call of the step “{step}”, which the budget has no room for.\n\n"
        f"| {refusal.name.replace('|', '/')} | |\n|---|---:|\n{table}",
        instructions=INSTRUCTIONS.format(more=amount_of(allowance(refusal), refusal.unit)),
        roles=("owner", "admin"),
        decisions=("approve", "edit", "reject"),
        key=f"budget:{refusal.budget}:{record.step.attempt}",
    )


def amount_of(amount: Decimal, unit: str) -> str:
    """Return the amount as people read it."""
    return f"{amount:,.0f} tokens" if unit == "tokens" else f"{amount:,.6f}".rstrip("0").rstrip(".") + " USD"


def _message(refusal: Standing, estimate: Estimate) -> str:
    what = f"The budget {refusal.name!r}" if refusal.budget else "The plan's limit of a month"
    if refusal.unpriced:
        return (
            f"{what} is in US dollars, and nobody knows what {estimate.model!r} costs. "
            "Give its connection prices, or limit tokens instead."
        )
    used, unit = refusal.used + refusal.held, refusal.unit
    return (
        f"{what} allows {amount_of(refusal.limit, unit)}, of which {amount_of(used, unit)} are used or held; "
        f"the next call may need {amount_of(refusal.wanted, unit)}."
    )
