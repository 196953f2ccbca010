"""A workflow as a tool of an agent. It stands here because tools that start workflows register themselves upward."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agents.tools.base import Approval, BoundTool, Json, Tool
from agents.tools.errors import ToolFailedToAnswer
from nexod.kernel import run_port
from workflows.models import Workflow
from workflows.schemas import SchemaRefused, usable

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")


class RunWorkflow(Tool):
    """Runs a workflow with the rights of whoever started the agent's run, and gives its outputs; the run waits meanwhile."""

    name = "run_workflow"
    title = "Run a workflow"
    description = "Runs a workflow and returns what it gave."
    parameters = {
        "type": "object",
        "properties": {"inputs": {"type": "object"}},
        "required": ["inputs"],
        "additionalProperties": False,
    }
    settings = {
        "type": "object",
        "properties": {
            "workflow": {
                "type": "string",
                "title": "Workflow",
                "description": "Slug of a workflow with a published version.",
                "pattern": "^[-A-Za-z0-9_]{1,60}$",
                "x-reference": "workflow",
            },
            "purpose": {
                "type": "string",
                "title": "What it is for",
                "description": "Told to the model; without it the workflow's own description.",
                "maxLength": 1_000,
            },
        },
        "required": ["workflow"],
        "additionalProperties": False,
    }
    side_effect = True
    repeatable = True  # the child run is its own record: it is started once, and what it gave is read from it

    def bind(self, settings: Json, approval: Approval = "never", *, knowledge: Sequence[str] = ()) -> BoundTool:
        """Return the tool with the name, the words and the inputs of the workflow as it is published now."""
        found = Workflow.objects.select_related("published").filter(slug=settings["workflow"]).first()
        name = f"run_{_NOT_IN_NAMES.sub('_', settings['workflow'])}"[:64]
        if found is None or found.published is None:
            return BoundTool(name, self.title, self.description, self.parameters, self, settings, approval)
        purpose = settings.get("purpose") or found.description
        words = " ".join(filter(None, (f"Runs the workflow {found.name!r} and returns what it gave.", purpose)))
        parameters = {**self.parameters, "properties": {"inputs": _inputs(found.published.definition)}}
        return BoundTool(name, f"{self.title}: {found.name}", words, parameters, self, settings, approval)

    def complaints(self, settings: Json) -> list[str]:
        """Return why the workflow cannot be run."""
        found = Workflow.objects.filter(slug=settings["workflow"]).first()
        if found is None:
            return [f"There is no workflow {settings['workflow']!r} here."]
        return [] if found.published_id else [f"{found.name} has no published version."]

    def choices(self) -> Mapping[str, list[tuple[str, str]]]:
        """Return the workflows that can be run."""
        found = Workflow.objects.filter(published__isnull=False).order_by("name")
        return {"workflow": list(found.values_list("slug", "name"))}

    def about(self, arguments: Json, settings: Json) -> str:
        """Return which workflow runs."""
        return f"Workflow {settings['workflow']}"

    def run(self, arguments: Json, settings: Json, key: str) -> Any:
        """Return the outputs of the child run, once it is over; raise ChildFailed, or what starting it raises."""
        port = run_port.current()
        if port is None:
            raise ToolFailedToAnswer("A workflow can only be run from a run.")
        return port.call_workflow(settings["workflow"], arguments["inputs"], key=key)


def _inputs(definition: Json) -> Json:
    """Return the schema of the inputs with references written out: providers know none."""
    try:
        return usable(definition.get("inputs") or {"type": "object"})
    except SchemaRefused:
        return {"type": "object"}
