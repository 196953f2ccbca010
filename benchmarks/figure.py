"""What a benchmark gives: one figure, its floor or peer measured in the same run, and the goal that it is held to."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. ``floor`` and ``peer`` have the unit of ``value``; ``ratio`` is value / (peer or floor)."""

    name: str
    value: float
    unit: str
    goal: str
    met: bool
    floor: float | None = None
    peer: float | None = None
    ratio: float | None = None
    detail: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the object for results.json."""
        return asdict(self)

    def line(self) -> str:
        """Return the line that a person reads."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f} x {'peer' if self.peer is not None else 'floor'}"
        mark = "met" if self.met else "NOT MET"
        return f"{self.name:<16}{self.value:>11.2f} {self.unit:<10}{ratio:<15}{mark:<9}goal {self.goal}; {self.detail}"


def median_ms(work: Callable[[], object], *, repeats: int, warm_up: int = 3) -> float:
    """Return the median milliseconds of ``work`` over ``repeats`` (at least 5), after a warm-up."""
    for _ in range(warm_up):
        work()
    taken = []
    for _ in range(max(5, repeats)):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def percentile(values: list[float], share: float) -> float:
    """Return the value below which ``share`` (0..1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
