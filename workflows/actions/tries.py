"""Try an agent or a draft out: a run as any other, so that budgets, metering and cancelling hold, marked as a try."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from agents.models import Agent, AgentVersion, ModelConnection
from nexod.kernel.errors import InvalidInput
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from workflows.actions.credential_use import known_definitions, require_credentials
from workflows.actions.references import TenantReferences
from workflows.actions.runs import Target, open_run
from workflows.actions.single import agent_definition
from workflows.actions.workflows import locked, settled_draft
from workflows.definitions import Definition, validated
from workflows.definitions.document import Node
from workflows.errors import TargetGone
from workflows.models import Run, Workflow
from workflows.nodes import registry
from workflows.schemas import complaints

Json = dict[str, Any]


@transaction.atomic
def start_try(
    *, actor: User, agent: Agent, inputs: Json, version: int = 0, connection: str = "", model: str = ""
) -> Run:
    """Return a new run of the agent, as it was in ``version`` (0: is now), on another model where one is named.

    Raises PermissionDenied, TargetGone, InvalidInput for a connection that is not here, and what ``open_run`` raises.
    """
    require_permission(actor, "agents.run_agent")
    found = Agent.objects.filter(pk=agent.pk).first()
    if found is None:
        raise TargetGone(f"The agent {agent.name!r} does not exist any more.")
    kept = AgentVersion.objects.filter(agent=found, number=version or found.version).first()
    if version and kept is None:
        raise TargetGone(f"The agent {agent.name!r} has no version {version}.")
    definition = agent_definition(found, version=kept)
    if connection or model:
        definition["nodes"][0]["config"]["model"] = _model(connection, model)
    target = Target(Run.Kind.AGENT, found.name, definition, agent=found)
    return open_run(target, inputs, actor=actor, is_try=True)


def _model(connection: str, model: str) -> Json:
    if connection and not ModelConnection.objects.filter(slug=connection).exists():
        message = f"There is no model connection {connection!r} here."
        raise InvalidInput(message, details=[{"field": "connection", "message": message}])
    return {"connection": connection, "model": model}


@transaction.atomic
def try_workflow(*, actor: User, workflow: Workflow, inputs: Json, pins: Mapping[str, Any] | None = None) -> Run:
    """Return a new run of the workflow's draft. ``pins[node]`` is ``{"output": {...}, "route": "..."}``: that node is not
    executed, it gives this. Everything else really happens.

    Whoever pins decides for the people who would be asked, so it takes the permission to change the workflow. Raises
    PermissionDenied, TargetGone, DefinitionInvalid, InvalidInput by pin, and what ``open_run`` raises.
    """
    require_permission(actor, "workflows.run_workflow")
    require_permission(actor, "workflows.change_workflow")
    draft = settled_draft(locked(workflow.pk))
    definition = validated(draft.definition, TenantReferences())
    require_credentials(actor, draft.definition, *known_definitions(draft.workflow))
    pinned = _pins(definition, pins or {})
    target = Target(Run.Kind.WORKFLOW, draft.workflow.name, draft.definition, workflow=draft.workflow)
    return open_run(target, inputs, actor=actor, is_try=True, pins=pinned)


def _pins(definition: Definition, pins: Mapping[str, Any]) -> Json:
    """Return the pins as they are stored; raise InvalidInput with what is wrong with each."""
    found, refused = {}, []
    for node, pin in pins.items():
        try:
            found[node] = _pin(definition, node, pin)
        except ValueError as wrong:
            refused.append({"field": f"pins.{node}", "message": str(wrong)})
    if refused:
        raise InvalidInput(details=refused)
    return found


def _pin(definition: Definition, node: str, pin: Any) -> Json:
    if node not in definition.by_id or definition.by_id[node].type == "note":
        raise ValueError(f"There is no step {node[:60]!r}.")
    if not isinstance(pin, Mapping) or pin.keys() - {"output", "route"} or not isinstance(pin.get("output"), dict):
        raise ValueError('A pin is {"output": {...}}, and "route" where the step chooses a way.')
    output, routes = pin["output"], definition.routes(node)
    _require_fitting(definition.by_id[node], output, pin.get("route"))
    said = (pin.get("route"), output.get("route"), output.get("decision"))
    route = pin.get("route") or next((one for one in said if isinstance(one, str) and one in routes), "")
    plain = any(not edge.when for edge in definition.leaving[node])
    if (route and route not in routes) or (routes and not route and not plain):
        raise ValueError(
            f"The step is left by one of {', '.join(sorted(routes)) or 'no route'}; say which as its route."
        )
    return {"output": output, "route": route}


def _require_fitting(node: Node, output: Json, route: Any) -> None:
    """Raise for an output that the node cannot give; the route need not be said twice."""
    schema = registry.get(node.type).output(node.config)
    said = {"route": route} if route and "route" in schema.get("properties", {}) else {}
    wrong = complaints({**said, **output}, schema)
    if wrong:
        place = f"{wrong[0]['field']}: " if wrong[0]["field"] else ""
        more = f" And {len(wrong) - 1} more." if len(wrong) > 1 else ""
        raise ValueError(f"A step of type {node.type} gives no such output: {place}{wrong[0]['message']}.{more}")
