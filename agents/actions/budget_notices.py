"""Tell people that a budget is nearly used up, once for each period and limit."""

from __future__ import annotations

from collections.abc import Iterable

from nexod.kernel.queue import enqueue


def tell_near(windows: Iterable[int]) -> None:
    """Have everybody who may raise the budgets of these windows notified on commit."""
    for window in windows:
        enqueue("collaboration.notify_budget", window=window)
