"""The steps that the page of a run shows: one page of them, however many there are, with what they wait for and have started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import QueryDict

from workflows.models import Run, Step, Wait

PAGE = 50
CHILDREN_SHOWN = 100
PAGE_DIGITS = 6
HEAVY = ("inputs", "output")


@dataclass(frozen=True, slots=True)
class StepsShown:
    """One page of a run's steps in their order: ``total`` are those of the one ``node``, if it is narrowed down, or all of them."""

    rows: list[Step]
    number: int
    pages: int
    total: int
    of_run: int
    node: str = ""

    @property
    def first(self) -> int:
        """Return the place of the first row among all."""
        return (self.number - 1) * PAGE + 1

    @property
    def last(self) -> int:
        """Return the place of the last row among all."""
        return self.first + len(self.rows) - 1

    @property
    def earlier(self) -> str:
        """Return the query of the page before, or nothing."""
        return self.query(self.number - 1) if self.number > 1 else ""

    @property
    def later(self) -> str:
        """Return the query of the page after; of the last page it has no number, so that it goes along with the run."""
        if self.number >= self.pages:
            return ""
        return self.query(self.number + 1 if self.number + 1 < self.pages else 0)

    def query(self, number: int) -> str:
        """Return how an address names that page, with a leading question mark."""
        asked = QueryDict(mutable=True)
        if self.node:
            asked["node"] = self.node
        if number:
            asked["steps"] = str(number)
        return f"?{asked.urlencode()}"


@dataclass(frozen=True, slots=True)
class Walked:
    """How far a run is, for its graph: the newest step of each node, and the routes that were taken."""

    newest: list[Step]
    routes: set[tuple[str, str]]


def steps_shown(run: Run, asked: QueryDict) -> StepsShown:
    """Return the page of steps that the address asks for (``?steps=`` its number, ``?node=`` of one node only)."""
    node = asked.get("node", "")[:60]
    counts = run.steps.aggregate(every=Count("pk"), of_node=Count("pk", Q(node=node)))
    if not counts["of_node"]:
        node = ""
    rows = run.steps.filter(node=node) if node else run.steps.all()
    total = counts["of_node" if node else "every"]
    pages = max(1, -(-total // PAGE))
    wanted = asked.get("steps", "")[:PAGE_DIGITS]
    number = min(max(int(wanted), 1), pages) if wanted.isdecimal() else pages
    begin = (number - 1) * PAGE
    found = list(rows.defer(*HEAVY)[begin : begin + PAGE])
    _attach(found)
    return StepsShown(found, number, pages, total, counts["every"], node)


def walked(run: Run) -> Walked:
    """Return where the run stands, in two statements however often it came by."""
    standing = run.steps.standing()
    newest = standing.defer(*HEAVY).order_by("node", "-created_at", "-id").distinct("node")
    left = standing.filter(finished_at__isnull=False).order_by()
    return Walked(list(newest), set(left.values_list("node", "route").distinct()))


def _attach(steps: list[Step]) -> None:
    """Put onto each step what it waits for and the runs that it has started, in two statements for all."""
    open_: dict[Any, list[Wait]] = {}
    started: dict[Any, list[Run]] = {}
    if steps:
        waiting = [step.pk for step in steps if step.status == Step.Status.WAITING]
        for wait in Wait.objects.open().filter(step__in=waiting).defer("result") if waiting else ():
            open_.setdefault(wait.step_id, []).append(wait)
        for child in _children(steps):
            started.setdefault(child.parent_id, []).append(child)
    for step in steps:
        step.open_waits, step.started_runs = open_.get(step.pk, []), started.get(step.pk, [])  # type: ignore[attr-defined]


def _children(steps: list[Step]) -> QuerySet[Run]:
    runs = Run.objects.filter(parent__in=[step.pk for step in steps])
    return runs.only("id", "title", "status", "waiting_for", "kind", "parent").order_by("created_at", "id")[
        :CHILDREN_SHOWN
    ]
