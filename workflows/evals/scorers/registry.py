"""The scorers that there are, and what a data set says of those that it uses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from nexod.kernel.errors import InvalidInput
from workflows.evals.scorers.base import Json, Mark, Scorer
from workflows.evals.scorers.contains import Contains
from workflows.evals.scorers.exact import Exact
from workflows.evals.scorers.expression import Cel
from workflows.evals.scorers.json_schema import JsonSchema
from workflows.evals.scorers.judge import Judge
from workflows.evals.scorers.similarity import Similarity

_SCORERS: dict[str, Scorer] = {
    scorer.type: scorer for scorer in (Exact(), Contains(), JsonSchema(), Cel(), Similarity(), Judge())
}
MAX_SCORERS = 10
FIELDS = {"name", "type", "weight", "threshold", "config"}
# Where people leave it out: near in meaning, and good by a judge's word, are no matter of all or nothing.
THRESHOLDS = {"similarity": 0.7, "judge": 0.7}
# Of a data set without scorers.
USUAL: Json = {"name": "as expected", "type": "exact", "weight": 1.0, "threshold": 1.0, "config": {}}


@dataclass(frozen=True, slots=True)
class Use:
    """A scorer as one data set uses it: it passes from ``threshold`` on, and counts ``weight`` times."""

    name: str
    scorer: Scorer
    weight: float
    threshold: float
    config: Json

    def marked(self, mark: Mark) -> Json:
        """Return the mark as a trial keeps it."""
        passed = mark.score >= self.threshold
        return {"scorer": self.name, "score": round(mark.score, 4), "passed": passed, "told": mark.told[:1000]}


def scorers() -> Iterable[Scorer]:
    """Return every scorer."""
    return _SCORERS.values()


def uses(rows: Sequence[Json]) -> list[Use]:
    """Return the scorers of stored rows."""
    return [Use(row["name"], _SCORERS[row["type"]], row["weight"], row["threshold"], row["config"]) for row in rows]


def checked(given: Any) -> list[Json]:
    """Return the rows as they are stored, weights and thresholds filled in. Raises InvalidInput with a message per row."""
    if not isinstance(given, list):
        raise _refused([_wrong("", "This is not a list of scorers.")])
    if len(given) > MAX_SCORERS:
        raise _refused([_wrong("", f"A data set has at most {MAX_SCORERS} scorers.")])
    wrong: list[Json] = []
    rows = [_row(number, row, wrong) for number, row in enumerate(given)]
    names = [row["name"] for row in rows]
    wrong += [
        _wrong(f".{number}.name", f"Another scorer is called {name!r}.")
        for number, name in enumerate(names)
        if name in names[:number]
    ]
    if wrong:
        raise _refused(wrong)
    return rows


def _row(number: int, row: Any, wrong: list[Json]) -> Json:
    at = f".{number}"
    if not isinstance(row, dict) or row.get("type") not in _SCORERS:
        wrong.append(_wrong(at, f"A scorer has a type: {', '.join(_SCORERS)}."))
        return {"name": str(number)}
    wrong += [_wrong(f"{at}.{name}", "There is no such field.") for name in sorted(set(row) - FIELDS)]
    scorer = _SCORERS[row["type"]]
    config = row.get("config", {})
    problems = scorer.problems(config) if isinstance(config, dict) else ["config: This is not a JSON object."]
    wrong += [_wrong(f"{at}.config", problem) for problem in problems]
    return {
        "name": str(row.get("name") or scorer.type)[:60],
        "type": scorer.type,
        "weight": _number(row, "weight", 1.0, 100.0, at, wrong),
        "threshold": _number(row, "threshold", THRESHOLDS.get(scorer.type, 1.0), 1.0, at, wrong),
        "config": config,
    }


def _number(row: Json, name: str, usual: float, most: float, at: str, wrong: list[Json]) -> float:
    value = row.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        wrong.append(_wrong(f"{at}.{name}", f"This is a number from 0 to {most:g}."))
        return usual
    return float(value)


def _wrong(at: str, message: str) -> Json:
    return {"field": f"scorers{at}", "message": message}


def _refused(wrong: list[Json]) -> InvalidInput:
    return InvalidInput(f"{wrong[0]['field']}: {wrong[0]['message']}", details=wrong)
