"""When a delivery is tried again: eight times within 24 hours, each wait longer than the one before."""

from __future__ import annotations

import random
from datetime import timedelta

WAITS_S = (5, 60, 300, 1_800, 7_200, 21_600, 55_435)
ATTEMPTS = len(WAITS_S) + 1
# Not all that failed together comes again together.
SPREAD = 0.1
LONGEST_ASKED_S = 3_600
# How long an endpoint may take nothing before it is disabled.
PATIENCE = timedelta(days=3)
LEASE_S = 60.0
"""A worker that sends for so long has died: another one sends the same again."""


def wait_s(attempts: int, *, asked_s: float = 0) -> float | None:
    """Return the seconds to wait after so many attempts, or None when they are all used up; receivers may ask for more."""
    if attempts > len(WAITS_S):
        return None
    usual = WAITS_S[attempts - 1] * random.uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311
    return max(usual, min(asked_s, LONGEST_ASKED_S))
