"""Every line of the processes' logs: the tenant that it is bound to is the one whose mark the request's id carries."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tests.hammer.judge import Judge
from tests.hammer.marks import NOBODY, numbers

NAME = "log lines"


def sweep(judge: Judge, logs: Iterable[Path]) -> None:
    """Count lines that agree with themselves as good, the others as leaks."""
    for path in logs:
        with path.open("rb") as lines:
            for line in lines:
                _look(judge, line)


def _look(judge: Judge, line: bytes) -> None:
    try:
        told = json.loads(line)
        asked, bound = str(told["request_id"]), str(told["tenant"])
    except (ValueError, KeyError, TypeError):  # no line of ours, or one without a tenant
        return
    for number in numbers(asked) - {NOBODY}:
        if judge.look(NAME, number, bound, f"{told.get('event')} of {asked}") == {number}:
            judge.good(NAME)
