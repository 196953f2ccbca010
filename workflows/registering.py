"""What workflows give to the apps below, which must not know of them."""

from __future__ import annotations

from agents import asking
from agents.credentials import uses
from agents.llm import outside
from agents.tools.registry import register
from nexod.kernel import happenings
from workflows.actions.hearing import TRIGGERS
from workflows.actions.outside import Outside
from workflows.actions.references import TenantPolicies
from workflows.credential_uses import workflows_naming
from workflows.tools import RunWorkflow


def register_all() -> None:
    """Let triggers hear what happens; give agents the tool that runs workflows, the rules by which they ask people, and budgets."""
    happenings.register(TRIGGERS)
    register(RunWorkflow())
    asking.register(TenantPolicies())
    uses.register("workflow", workflows_naming)
    outside.register(Outside)
