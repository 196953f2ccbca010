"""Before a call: what it may use at most, and room for that in every budget of the run. Outside a run nothing is held."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from django.conf import settings

from agents.llm.endpoint import Ask, Endpoint
from agents.llm.prices import cost_of
from nexod.kernel import run_port
from nexod.kernel.run_port import Estimate, Reservation

# Tokenizers join letters to some five, digits to three, and take most of the rest one by one; a single space is part of a word.
PIECE = re.compile(r"[A-Za-z_]{1,5}|[0-9]{1,3}|[^\sA-Za-z_0-9]|\s{2,}")
TOKENS_PER_MESSAGE = 8


def reserved(endpoint: Endpoint, ask: Ask, *, writes: bool = True) -> Reservation | None:
    """Hold room for one attempt; None outside a run, or where no budget applies. What embeds or ranks ``writes`` nothing.

    Raises BudgetExhausted (``fall_back``: a cheaper model may be tried), or parks the run until a person has allowed more.
    """
    port = run_port.current()
    return None if port is None else port.reserve(estimated(endpoint, ask, writes=writes))


def bounded(ask: Ask, reservation: Reservation | None) -> Ask:
    """Return the question with the bound that room was held for: an answer without one could cost anything."""
    if reservation is None or ask.max_tokens or not reservation.estimate.tokens_out:
        return ask
    return replace(ask, max_tokens=reservation.estimate.tokens_out)


def estimated(endpoint: Endpoint, ask: Ask, *, writes: bool = True) -> Estimate:
    """Return what the attempt may use at most: the whole prompt, and as long an answer as is allowed."""
    tokens_in = tokens_of(ask)
    tokens_out = (endpoint.answer_tokens(ask.max_tokens) or settings.NEXOD_ANSWER_TOKENS) if writes else 0
    cost = cost_of(endpoint, tokens_in, tokens_out)
    return Estimate(
        model=endpoint.model,
        connection=endpoint.connection,
        agent=endpoint.agent,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost_usd=cost.usd,
        seconds=endpoint.timeout_s,
        price_known=cost.known,
    )


def tokens_of(ask: Ask) -> int:
    """Return about how many tokens the prompt has, rather too many than too few."""
    parts = [*ask.messages, *ask.tools, *([ask.schema] if ask.schema is not None else [])]
    text = "".join(json.dumps(part, ensure_ascii=False, default=str) for part in parts)
    return sum(1 for _ in PIECE.finditer(text)) + TOKENS_PER_MESSAGE * len(parts)
