"""The versions of a workflow, an agent or a crew that cases can be run on: draft, published numbers, or as it is now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from agents.models import Agent, Crew
from nexod.kernel.digests import digest_of
from nexod.kernel.errors import InvalidInput
from workflows.actions.runs import Target
from workflows.actions.single import agent_definition, crew_definition
from workflows.drafts.port import shared
from workflows.errors import TargetGone
from workflows.models import Contestant, DataSet, Run, Workflow, WorkflowVersion

Json = dict[str, Any]
DRAFT, PUBLISHED, CURRENT = "draft", "published", "current"


@dataclass(frozen=True, slots=True)
class Version:
    """What runs of a case execute, and what people call it."""

    label: str
    target: Target

    @property
    def digest(self) -> str:
        """Return the hash of the definition."""
        return digest_of(self.target.definition)


def version_of(data_set: DataSet, wanted: str) -> Version:
    """Return the version that ``wanted`` names: draft, published or a number of a workflow, current or a number of an agent.

    An empty ``wanted`` is the draft of a workflow, else the current state. Raises InvalidInput, TargetGone.
    """
    if data_set.workflow is not None:
        return _of_workflow(data_set.workflow, wanted or DRAFT)
    if data_set.agent is not None:
        return _of_agent(data_set.agent, wanted or CURRENT)
    if wanted not in ("", CURRENT):
        raise _unknown(wanted, "A crew has one version: current.")
    crew = Crew.objects.select_related("manager").filter(data_sets=data_set).first()
    if crew is None:
        raise TargetGone("The crew does not exist any more.")
    return Version("Current", Target(Run.Kind.CREW, crew.name, crew_definition(crew), crew=crew))


def catch_up(data_set: DataSet, wanted: Iterable[str]) -> None:
    """Let a draft that is wanted say what its editors wrote. It locks the workflow: to be called before anything else is."""
    if data_set.workflow_id is not None and any(name in ("", DRAFT) for name in wanted):
        shared().catch_up(data_set.workflow_id)


def target_of(contestant: Contestant, data_set: DataSet) -> Target:
    """Return what runs of a contestant execute: the definition as it was when the evaluation was started."""
    name = str(data_set.target)
    target = Target(data_set.kind, name, contestant.definition, workflow=data_set.workflow, version=contestant.version)
    return replace(target, agent=data_set.agent, crew=data_set.crew)


def _of_workflow(workflow: Workflow, wanted: str) -> Version:
    if wanted == DRAFT:
        draft = WorkflowVersion.objects.filter(workflow=workflow, number=0).first()
        if draft is None:
            raise TargetGone(f"The workflow {workflow.name!r} has no draft.")
        return Version("Draft", Target(Run.Kind.WORKFLOW, workflow.name, draft.definition, workflow=workflow))
    found = workflow.published if wanted == PUBLISHED else _numbered(workflow, wanted)
    if found is None:
        raise _unknown(wanted, f"The workflow {workflow.name!r} has no version {wanted}.")
    target = Target(Run.Kind.WORKFLOW, workflow.name, found.definition, workflow=workflow, version=found)
    return Version(f"Version {found.number}", target)


def _of_agent(agent: Agent, wanted: str) -> Version:
    if wanted == CURRENT:
        return Version("Current", Target(Run.Kind.AGENT, agent.name, agent_definition(agent), agent=agent))
    number = _number(wanted)
    found = agent.versions.filter(number=number).first() if number else None
    if found is None:
        raise _unknown(wanted, f"The agent {agent.name!r} has no version {wanted}.")
    definition = agent_definition(agent, version=found)
    return Version(f"Version {found.number}", Target(Run.Kind.AGENT, agent.name, definition, agent=agent))


def _numbered(workflow: Workflow, wanted: str) -> WorkflowVersion | None:
    number = _number(wanted)
    return workflow.versions.filter(number=number).first() if number else None


def _number(wanted: str) -> int:
    """Return the number of a version, 0 for what is none."""
    return int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 else 0


def _unknown(wanted: str, message: str) -> InvalidInput:
    return InvalidInput(message, details=[{"field": "version", "message": message}])
