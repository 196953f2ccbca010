"""The policies by which people are asked. Whoever runs what agents do knows the rules, and registers them here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

Found = tuple[str, str, str]
"""Code, field below the policy, message."""


class PolicyRules(Protocol):
    """What is known of policies above."""

    schema: Mapping[str, Any]
    """JSON Schema of a policy."""

    def problems(self, policy: object) -> list[Found]:
        """Return what is wrong with a policy in the tenant that the code works for."""


_rules: list[PolicyRules] = []


def register(rules: PolicyRules) -> None:
    """Let these rules be asked; registered again, the newest are."""
    _rules[:] = [rules]


def policy_schema() -> Mapping[str, Any]:
    """Return the JSON Schema of a policy."""
    return _rules[0].schema


def policy_problems(policy: object) -> list[Found]:
    """Return what is wrong with the policy of a crew's task or of a tool."""
    return _rules[0].problems(policy)
