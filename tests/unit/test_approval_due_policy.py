"""What is refused of the times of a policy when it is saved."""

from __future__ import annotations

from typing import Any

import pytest

from workflows.approvals.checks import policy_problems

TO = {"to": {"roles": ["owner"]}}


class Everybody:
    """Knows whoever is named."""

    def has(self, kind: str, slug: str) -> bool:
        return True


@pytest.mark.parametrize(
    ("policy", "field", "said"),
    [
        ({"due": {"after": "2d", "hours": "business"}}, "due.after", "counted in hours"),
        ({"due": {"after": "8h", "hours": "business", "remind": ["-1d"]}}, "due.remind.0", "counted in hours"),
        ({"due": {"after": "53w"}}, "due.after", "more than a year"),
        ({"due": {"after": "4h", "escalate": [{"after": "4h", **TO}]}}, "due.escalate.0.after", "due already"),
        (
            {"due": {"after": "4h", "escalate": [{"after": "2h", **TO}, {"after": "1h", **TO}]}},
            "due.escalate.1.after",
            "after the step in front",
        ),
        ({"quorum": "all", "due": {"after": "4h", "escalate": [{"after": "1h", **TO}]}}, "quorum", "has to move"),
        ({"due": {"remind": ["-1h"]}}, "due.remind.0", "no time before it"),
        ({"due": {"on_timeout": "approve"}}, "due.on_timeout", "Nothing is due"),
        ({"due": {"after": "4h", "on_timeout": "route"}}, "due.on_timeout", "route 'timeout'"),
    ],
)
def test_times_that_cannot_be_are_refused_by_field(policy: Any, field: str, said: str) -> None:
    [(_, at, message)] = policy_problems(policy, Everybody())
    assert at == field
    assert said in message


@pytest.mark.parametrize(
    "policy",
    [
        {"due": {"after": "2d", "remind": ["1h", "-1h"], "escalate": [{"after": "1d", **TO}], "on_timeout": "fail"}},
        {"due": {"after": "16h", "hours": "business", "remind": ["-90m"]}},
        {"quorum": "all", "due": {"after": "4h", "escalate": [{"after": "1h", "move": True, **TO}]}},
        {"due": {"remind": ["1d"], "escalate": [{"after": "2d", **TO}]}},
    ],
)
def test_times_that_can_be_are_taken(policy: Any) -> None:
    assert policy_problems(policy, Everybody()) == []
