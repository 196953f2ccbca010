"""Joins that do not wait for all: who came in, who goes on, and whom nobody needs any more."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping

from workflows.engine.plan import Plan
from workflows.models import Step

Known = Mapping[tuple[str, int], Step]


class Races:
    """The arrivals at the joins of one run's plan, those of earlier stretches read from their rows. For all its threads."""

    def __init__(self, plan: Plan, known: Known) -> None:
        self._plan = plan
        self._lock = threading.Lock()
        self._arrived = {join: _came_in(plan, join, known.values()) for join in plan.races}
        self._over = {join: self._gathered(join, known.get((join, 1))) for join in plan.races}

    @property
    def joins(self) -> Collection[str]:
        """Return the joins that do not wait for all branches."""
        return self._plan.races

    def arrive(self, join: str, by: str) -> tuple[str, ...] | None:
        """Note that a branch came in by that node; return all that have when it is the one that goes on, else None."""
        with self._lock:
            arrived = self._arrived[join]
            if by not in arrived:
                arrived.append(by)
            gathered = self._over[join] = self._over[join] or self._enough(join)
            return gathered if gathered and gathered[-1] == by else None

    def unneeded(self, node: str) -> bool:
        """Say whether the node leads nowhere but to a join that has gone on already."""
        return any(self._over[join] and node in nodes for join, nodes in self._plan.stopped_by.items())

    def _gathered(self, join: str, step: Step | None) -> tuple[str, ...] | None:
        """Return who had come in when the join went on. A lost worker's step says who that was."""
        if step is not None and step.status == Step.Status.COMPLETED:
            return tuple((step.output or {})["arrived"])
        return self._enough(join)

    def _enough(self, join: str) -> tuple[str, ...] | None:
        needed = self._plan.races[join]
        arrived = self._arrived[join]
        return tuple(arrived[:needed]) if len(arrived) >= needed else None


def _came_in(plan: Plan, join: str, steps: Iterable[Step]) -> list[str]:
    """Return the nodes whose steps are done and lead to the join, in the order in which they ended."""
    done = [step for step in steps if step.status == Step.Status.COMPLETED and step.node in plan.nodes]
    leading = [step for step in done if plan.nodes[step.node].after(step.route) == (join,)]
    return [step.node for step in sorted(leading, key=lambda step: (step.finished_at is None, step.finished_at))]
