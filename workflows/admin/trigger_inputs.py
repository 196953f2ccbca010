"""Where the inputs of a trigger's runs come from, asked input by input as the workflow's own schema names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from nexod.admin.schema_form import InputForm
from nexod.admin.schema_groups import GroupField, GroupWidget
from nexod.admin.schema_rows import RowsField, RowsWidget
from workflows.models import Workflow, WorkflowVersion
from workflows.triggers.mapping import LONGEST_PATH

Json = dict[str, Any]


def inputs_field(schema: Mapping[str, Any]) -> forms.Field:
    """Return a field with a row for each input of that schema; rows with names where it takes any."""
    properties = schema.get("properties")
    known = {name: part for name, part in properties.items() if isinstance(part, dict)} if properties else {}
    if schema.get("additionalProperties") or not known:
        widget = RowsWidget(_source({}), InputForm, "Inputs", keys={"title": "Input", "x-keys": list(known)})
        hint = "Where each input comes from." if schema.get("additionalProperties") else "The workflow takes no inputs."
        return RowsField(widget=widget, required=False, help_text=hint)
    needed = [name for name in schema.get("required") or [] if name in known and "default" not in known[name]]
    parts = {name: _source(part) for name, part in known.items()}
    widget_ = GroupWidget({"properties": parts, "required": needed}, InputForm, "Inputs")
    return GroupField(widget=widget_, required=False, help_text="Where each input comes from.")


def schema_of(workflow: Workflow | None, version: WorkflowVersion | None = None) -> Json:
    """Return the schema of the inputs that runs take: of the pinned version, else of the published one."""
    found = version or (workflow.published if workflow else None)
    inputs = found.definition.get("inputs") if found else None
    return inputs if isinstance(inputs, dict) else {}


def _source(part: Json) -> Json:
    """Return the schema of where one input comes from; a fixed value is asked for as the input itself would be."""
    told: Json = {name: part[name] for name in ("title", "description") if name in part}
    path = {"type": "string", "title": "Path", "maxLength": LONGEST_PATH, "minLength": 1,
            "description": "Where it stands in the event, such as body.issue.title."}  # fmt: skip
    value = {**{name: item for name, item in part.items() if name != "default"}, "title": "Value"}
    ways = [
        _way("From the event", ("from",), {"from": path, "default": {**value, "title": "Otherwise"}}),
        _way("By a template", ("template",), {"template": {
            "type": "string", "title": "Template", "format": "template", "minLength": 1,
            "description": "It sees event, as in {{ event.id }}."}}),
        _way("Fixed", ("value",), {"value": value}),
    ]  # fmt: skip
    return {**told, "oneOf": ways}


def _way(title: str, required: tuple[str, ...], properties: Json) -> Json:
    return {"type": "object", "title": title, "required": list(required), "properties": properties}
