"""How present a memory is. Pure functions of its age and use.

After the scoring of generative agents (Park et al., 2023, arXiv:2304.03442): similarity, recency and importance, weighed; recency
halves in HALF_LIFE, and what is recalled is fresh again.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

HALF_LIFE = timedelta(days=30)
WEIGHTS = {"similarity": 0.6, "recency": 0.2, "importance": 0.2}
FAINT = 0.03
"""What is weaker is forgotten: with the usual importance after four months without a recall, after ten recalls half a year."""


def recency(used_at: datetime, now: datetime) -> float:
    """Return 1 for what was used just now, and half of that after each HALF_LIFE."""
    age = max(now - used_at, timedelta())
    return float(0.5 ** (age / HALF_LIFE))


def score(similarity: float, recency: float, importance: float) -> float:
    """Return how much it should come to mind, 0 to 1."""
    parts = {"similarity": max(similarity, 0.0), "recency": recency, "importance": importance}
    return sum(WEIGHTS[name] * value for name, value in parts.items())


def strength(importance: float, recalls: int, used_at: datetime, now: datetime) -> float:
    """Return how strong it is without being asked for: it fades with time, and each recall has made it last longer."""
    return importance * recency(used_at, now) * (1 + math.log1p(recalls))
