"""Start, cancel and resume runs. Each is one commit; the message to a worker leaves after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from agents.models import Agent, Crew
from nexod.kernel import events
from nexod.kernel.queue import URGENT
from nexod.kernel.reads import Read
from tenants import quotas
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from workflows.actions.access import locked_run, permission_of
from workflows.actions.children import cancel_children
from workflows.actions.endings import end_run
from workflows.actions.events import append_event, begin_run
from workflows.actions.pauses import unpause
from workflows.actions.pinning import pinned
from workflows.actions.retries import retry_run
from workflows.actions.single import agent_definition, crew_definition
from workflows.actions.undoing import owes
from workflows.actions.waiting import hasten, still_waits
from workflows.actions.waking import send_worker, wake
from workflows.definitions import Definition, parse, prepared_inputs
from workflows.errors import RunIsOver, RunNotResumable, TargetGone, WorkflowNotPublished
from workflows.models import Run, Step, Workflow, WorkflowVersion

Json = dict[str, Any]
QUEUE, CREW_QUEUE = "runs", "crews"
# This node type loads the crews' library, which only the workers of that queue should hold in memory.
NEED_CREWS = frozenset({"crew"})


@dataclass(frozen=True, slots=True)
class Target:
    """What a run executes, as it is now."""

    kind: Run.Kind
    name: str
    definition: Json
    workflow: Workflow | None = None
    version: WorkflowVersion | None = None
    agent: Agent | None = None
    crew: Crew | None = None


def start_run(
    *,
    actor: User,
    inputs: Json,
    workflow: Workflow | None = None,
    agent: Agent | None = None,
    crew: Crew | None = None,
    parent: Step | None = None,
    depth: int = 0,
    urgent: bool = False,
) -> Run:
    """Return a new pending run of exactly one of ``workflow`` (its published version), ``agent`` or ``crew``.

    ``parent`` is the step that starts it, ``depth`` the number of runs above it. One that is ``urgent`` does not wait for others.

    Raises PermissionDenied, InputsInvalid with a message per field, WorkflowNotPublished, TargetGone, QuotaExceeded.
    """
    require_permission(actor, run_permission(workflow, agent, crew))
    return open_run(_target(workflow, agent, crew), inputs, actor=actor, parent=parent, depth=depth, urgent=urgent)


def open_run(target: Target, inputs: Json, *, actor: User, urgent: bool = False, **bound: Any) -> Run:
    """Return a new pending run of the target, in the caller's transaction or, as one statement, its own.

    ``bound`` are more fields of its row. Asks nobody for permission. Raises InputsInvalid with a message per field, and
    QuotaExceeded.
    """
    document = pinned(target.definition)
    definition = parse(document)
    prepared = prepared_inputs(definition, inputs)
    quotas.require_run_allowed(besides=1 if bound.get("evaluation") else 0)
    run = Run(
        kind=target.kind,
        workflow=target.workflow,
        version=target.version,
        agent=target.agent,
        crew=target.crew,
        title=target.name[:200],
        definition=document,
        inputs=prepared,
        started_by=actor,
        queue=URGENT[queue_of(definition)] if urgent else queue_of(definition),
        **bound,
    )
    begin_run(run, events.RunCreated(kind=run.kind, target=run.title, actor=actor.email))
    send_worker(run.id, run.queue)
    return run


@transaction.atomic
def cancel_run(*, actor: User, run: Run) -> Run:
    """Ask the run to stop, and return it: one that no worker has is cancelled at once, one at work within a second.

    Where something is to be undone first, a worker does that. Asking again changes nothing. Raises PermissionDenied, or RunIsOver.
    """
    require_permission(actor, "workflows.cancel_run")
    found = locked_run(run.pk)
    if found.is_over:
        raise RunIsOver(f"The run is {found.status} already.")
    if not found.cancel_requested:
        Run.objects.filter(pk=found.pk).update(cancel_requested=True)
        append_event(found.id, events.RunCancelRequested(actor=actor.email))
        cancel_children(found.id, actor=actor.email)
        if found.status in (Run.Status.PENDING, Run.Status.WAITING) and not owes(found):
            end_run(found.id, Run.Status.CANCELLED)
    wake(found.id, found.queue)
    return Run.objects.get(pk=found.pk)


@transaction.atomic
def resume_run(*, actor: User, run: Run) -> Run:
    """Let a paused run go on, or a failed one where it failed, or one that waits for its time now; wake any other.

    Raises PermissionDenied, or RunNotResumable for a run that has completed, was cancelled or waits for a person.
    """
    found = locked_run(run.pk)
    require_permission(actor, permission_of(found))
    if found.status == Run.Status.FAILED:
        return retry_run(actor=actor, run=found)
    if found.is_over or found.cancel_requested:
        raise RunNotResumable(f"The run is {found.status}{'' if found.is_over else ' and about to be cancelled'}.")
    if found.pause_requested and not found.is_over:
        unpause(found)
    elif not hasten(found) and still_waits(found):
        raise RunNotResumable("The run waits for an approval; it goes on when that is decided.")
    append_event(found.id, events.RunResumed(actor=actor.email))
    wake(found.id, found.queue)
    return Run.objects.get(pk=found.pk)


def queue_of(definition: Definition) -> str:
    """Return the Celery queue whose workers can do every node of the definition."""
    return CREW_QUEUE if any(node.type in NEED_CREWS for node in definition.nodes) else QUEUE


def run_permission(workflow: Workflow | None, agent: Agent | None, crew: Crew | None) -> str:
    """Return the permission to run the one that is given."""
    if sum(target is not None for target in (workflow, agent, crew)) != 1:
        raise TypeError("A run is of exactly one workflow, agent or crew.")
    if workflow is not None:
        return "workflows.run_workflow"
    return "agents.run_agent" if agent is not None else "agents.run_crew"


def _target(workflow: Workflow | None, agent: Agent | None, crew: Crew | None) -> Target:
    """Read the target again: what the caller holds may be gone or changed by now."""
    if workflow is not None:
        return _workflow_target(workflow)
    if agent is not None:
        found = Agent.objects.filter(pk=agent.pk).first()
        if found is None:
            raise TargetGone(f"The agent {agent.name!r} does not exist any more.")
        return Target(Run.Kind.AGENT, found.name, agent_definition(found), agent=found)
    assert crew is not None
    team = Crew.objects.select_related("manager").filter(pk=crew.pk).first()
    if team is None:
        raise TargetGone(f"The crew {crew.name!r} does not exist any more.")
    return Target(Run.Kind.CREW, team.name, crew_definition(team), crew=team)


_workflow = Read(lambda pk: Workflow.objects.select_related("published").filter(pk=pk).order_by(), Workflow._meta.pk)


def _workflow_target(workflow: Workflow) -> Target:
    found = _workflow.first(workflow.pk)
    if found is None:
        raise TargetGone(f"The workflow {workflow.name!r} does not exist any more.")
    if found.published is None:
        raise WorkflowNotPublished
    version = found.published
    return Target(Run.Kind.WORKFLOW, found.name, version.definition, workflow=found, version=version)
