"""What a definition or a policy may name in this tenant, asked from the database once per kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group

from agents.credentials.facts import Facts, facts_of
from agents.models import Agent, Credential, Crew, KnowledgeBase, ModelConnection
from agents.tools.registry import tools
from tenants.accounts.models import User
from workflows.approvals.checks import Found, policy_problems
from workflows.approvals.document import POLICY_SCHEMA
from workflows.models import Workflow


class TenantReferences:
    """``workflows.nodes.base.References`` of the tenant that the running code works for; use it for one validation."""

    def __init__(self) -> None:
        self._slugs: dict[str, frozenset[str]] = {}
        self._inputs: dict[str, dict[str, Any] | None] = {}
        self._credentials: dict[str, Facts] | None = None

    def has(self, kind: str, slug: str) -> bool:
        """Say whether the tenant has it; an empty slug of a model is the default connection."""
        if kind == "model" and not slug:
            return ModelConnection.objects.filter(is_default=True).exists()
        if kind not in self._slugs and kind == "tool":
            self._slugs[kind] = frozenset(tool.name for tool in tools())  # the platform's: every tenant has the same
        elif kind not in self._slugs and kind == "user":
            self._slugs[kind] = frozenset(User.objects.filter(is_active=True).values_list("email", flat=True))
        elif kind not in self._slugs and kind == "group":
            self._slugs[kind] = frozenset(Group.objects.values_list("name", flat=True))
        elif kind not in self._slugs:
            self._slugs[kind] = frozenset(_MODELS[kind].objects.values_list("slug", flat=True))
        return slug in self._slugs[kind]

    def inputs(self, workflow: str) -> dict[str, Any] | None:
        """Return the JSON Schema of what the published workflow takes; None where nothing of that name is published."""
        if workflow not in self._inputs:
            found = Workflow.objects.filter(slug=workflow).exclude(published=None)
            definition = found.values_list("published__definition", flat=True).first()
            self._inputs[workflow] = None if definition is None else definition.get("inputs") or {}
        return self._inputs[workflow]

    def credential(self, slug: str) -> Facts | None:
        """Return what may be known of the credential; None where there is none."""
        if self._credentials is None:
            self._credentials = {row.slug: facts_of(row) for row in Credential.objects.all()}
        return self._credentials.get(slug)


_MODELS: dict[str, type[Agent | Credential | Crew | KnowledgeBase | ModelConnection | Workflow]] = {
    "agent": Agent,
    "credential": Credential,
    "crew": Crew,
    "knowledge_base": KnowledgeBase,
    "model": ModelConnection,
    "workflow": Workflow,
}


class TenantPolicies:
    """``agents.asking.PolicyRules``: policies of crews' tasks and of tools, which no edge leaves."""

    schema: Mapping[str, Any] = POLICY_SCHEMA

    def problems(self, policy: object) -> list[Found]:
        """Return what is wrong with a policy in this tenant."""
        return policy_problems(policy, TenantReferences())
