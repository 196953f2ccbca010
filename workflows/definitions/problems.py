"""How a definition is refused: every problem with its node and its field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from nexod.kernel.errors import InvalidInput
from workflows.nodes.base import Problem

MAX_PROBLEMS = 100


class DefinitionInvalid(InvalidInput):
    """The definition is not valid."""

    code = "definition_invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        first = described(self.problems[0])
        more = f" And {len(self.problems) - 1} more." if len(self.problems) > 1 else ""
        super().__init__(f"The definition is not valid. {first}{more}", details=[asdict(p) for p in self.problems])


def described(problem: Problem) -> str:
    """Return the problem as one sentence for people: ``Node draft, config.crew: There is no crew 'x'.``"""
    place = ", ".join(filter(None, (f"Node {problem.node}" if problem.node else "", problem.field)))
    return f"{place}: {problem.message}" if place else problem.message


def limited(problems: list[Problem]) -> list[Problem]:
    """Return the first hundred problems, and a last one that says how many there are beyond."""
    if len(problems) <= MAX_PROBLEMS:
        return problems
    beyond = Problem("too_many_problems", f"There are {len(problems) - MAX_PROBLEMS} more problems.")
    return [*problems[:MAX_PROBLEMS], beyond]
