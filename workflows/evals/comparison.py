"""What came of an evaluation, version by version and case by case: score, cost, latency, and who won."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Avg, Count, Q, Sum

from workflows.models import Evaluation, Trial

Json = dict[str, Any]
STATUSES = (Trial.Status.PASSED, Trial.Status.FAILED, Trial.Status.CHANGED, Trial.Status.BROKEN, Trial.Status.CANCELLED)
# Scores this near are a tie.
NEAR = 1e-6


@dataclass(frozen=True, slots=True)
class Standing:
    """One version: how many trials ended how, the mean score, and what they used in sum and per trial."""

    id: str
    version: str
    trials: int
    over: int
    passed: int
    failed: int
    changed: int
    broken: int
    cancelled: int
    score: float | None
    cost_usd: float
    judge_cost_usd: float
    seconds: float
    tokens: int
    model_calls: int
    cost_usd_mean: float
    seconds_mean: float


@dataclass(frozen=True, slots=True)
class Cell:
    """One case on one version: means over its repetitions."""

    score: float | None
    passed: int
    over: int
    trials: int
    cost_usd: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Duel:
    """Two versions, case by case: on how many the second is better, worse, or the same as the first, by score."""

    first: str
    second: str
    wins: int
    losses: int
    ties: int
    score: float
    cost_usd: float
    seconds: float


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case, with a cell for each version in their order."""

    case: str
    name: str
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All of it."""

    versions: list[Standing]
    cases: list[CaseRow]
    duels: list[Duel]

    def as_json(self) -> Json:
        """Return it as JSON."""
        return asdict(self)

    @property
    def score(self) -> float:
        """Return the mean score of the first version, 0 when nothing has ended."""
        return self.versions[0].score or 0.0 if self.versions else 0.0


def comparison(evaluation: Evaluation) -> Comparison:
    """Return how the versions stand, from two queries."""
    rows = list(_by_case(evaluation))
    contestants = list(evaluation.contestants.defer("definition"))
    cells: dict[str, dict[str, Cell]] = defaultdict(dict)
    names = {}
    for row in rows:
        names[str(row["case"])] = row["case__name"]
        cells[str(row["case"])][str(row["contestant"])] = _cell(row)
    mine = {str(one.pk): [row for row in rows if row["contestant"] == one.pk] for one in contestants}
    versions = [_standing(str(one.pk), one.label, mine[str(one.pk)]) for one in contestants]
    ids = [version.id for version in versions]
    nothing = Cell(None, 0, 0, 0, 0.0, 0.0)
    cases = [
        CaseRow(case, names[case], [cells[case].get(one, nothing) for one in ids])
        for case in sorted(names, key=names.__getitem__)
    ]
    return Comparison(versions, cases, [_duel(versions, cases, place) for place in range(1, len(versions))])


def _by_case(evaluation: Evaluation) -> Any:
    rows = evaluation.trials.order_by().values("case", "case__name", "contestant")
    return rows.annotate(
        trials=Count("id"),
        mean=Avg("score"),
        cost=Sum("cost_usd"),
        judges=Sum("judge_cost_usd"),
        time=Sum("seconds"),
        used=Sum("tokens"),
        calls=Sum("model_calls"),
        **{str(status): Count("id", Q(status=status)) for status in STATUSES},
    )


def _cell(row: Json) -> Cell:
    over = sum(row[str(status)] for status in STATUSES)
    share = max(over, 1)
    return Cell(row["mean"], row["passed"], over, row["trials"], float(row["cost"]) / share, row["time"] / share)


def _standing(pk: str, label: str, rows: list[Json]) -> Standing:
    counts = {str(status): sum(row[str(status)] for row in rows) for status in STATUSES}
    over = sum(counts.values())
    ran = max(over - counts["cancelled"], 1)
    scored = [(row["mean"], row["trials"]) for row in rows if row["mean"] is not None]
    cost, seconds = float(sum(row["cost"] for row in rows)), float(sum(row["time"] for row in rows))
    return Standing(
        id=pk,
        version=label,
        trials=sum(row["trials"] for row in rows),
        over=over,
        score=sum(mean * count for mean, count in scored) / sum(count for _, count in scored) if scored else None,
        cost_usd=cost,
        judge_cost_usd=float(sum(row["judges"] for row in rows)),
        seconds=seconds,
        tokens=sum(row["used"] for row in rows),
        model_calls=sum(row["calls"] for row in rows),
        cost_usd_mean=cost / ran,
        seconds_mean=seconds / ran,
        **counts,
    )


def _duel(versions: list[Standing], cases: list[CaseRow], place: int) -> Duel:
    first, second = versions[0], versions[place]
    pairs = [(row.cells[0].score, row.cells[place].score) for row in cases]
    gaps = [b - a for a, b in pairs if a is not None and b is not None]
    wins, losses = sum(gap > NEAR for gap in gaps), sum(gap < -NEAR for gap in gaps)
    return Duel(
        first=first.version,
        second=second.version,
        wins=wins,
        losses=losses,
        ties=len(gaps) - wins - losses,
        score=(second.score or 0.0) - (first.score or 0.0),
        cost_usd=second.cost_usd_mean - first.cost_usd_mean,
        seconds=second.seconds_mean - first.seconds_mean,
    )
