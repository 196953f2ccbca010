"""The Cranfield collection, which is not part of the project: its documents, questions and judgements, and how to grade by them."""

from __future__ import annotations

import json
import math
import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

DEPTH = 10
Ranking = Sequence[str]


def home() -> Path:
    """Return where the collection lies: NEXOD_CRANFIELD, or beside the project."""
    usual = Path(__file__).resolve().parents[2] / "shared/data/cranfield"
    return Path(os.environ.get("NEXOD_CRANFIELD", usual))


@cache
def documents() -> list[dict[str, str]]:
    """Return id, title and text of every document."""
    return _lines("documents.jsonl")


@cache
def questions() -> dict[str, str]:
    """Return every question by its id."""
    return {line["id"]: line["text"] for line in _lines("queries.jsonl")}


@cache
def gains() -> Mapping[str, Mapping[str, int]]:
    """Return by question the gain of each relevant document: 5 - code; 1 for the document that prompted the question."""
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for line in (home() / "qrels.tsv").read_text().splitlines()[1:]:
        question, document, code = line.split("\t")
        found[question][document] = 1 if int(code) < 0 else 5 - int(code)
    return found


def graded(
    rankings: Mapping[str, Ranking], worth: Callable[[int], float] = lambda gain: 2.0**gain - 1
) -> tuple[float, float]:
    """Return nDCG@10 and recall@10 over all questions; ``worth`` is what a gain adds."""
    results = [_of_one(gains()[question], ranking[:DEPTH], worth) for question, ranking in rankings.items()]
    return tuple(sum(column) / len(results) for column in zip(*results, strict=True))  # type: ignore[return-value]


def _of_one(gain: Mapping[str, int], ranking: Ranking, worth: Callable[[int], float]) -> tuple[float, float]:
    ideal = _sum([worth(one) for one in sorted(gain.values(), reverse=True)[:DEPTH]])
    found = _sum([worth(gain.get(document, 0)) for document in ranking])
    return found / ideal, len(set(ranking) & set(gain)) / len(gain)


def _sum(worths: Sequence[float]) -> float:
    return sum(worth / math.log2(rank + 1) for rank, worth in enumerate(worths, 1))


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home() / name).read_text().splitlines() if line]
