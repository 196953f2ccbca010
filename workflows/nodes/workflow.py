"""Workflow: another workflow does part of the work, in a run of its own that is linked to this one."""

from __future__ import annotations

from workflows.nodes import fields
from workflows.nodes.base import (
    CheckedNode,
    Expression,
    Json,
    NodeCall,
    NodeResult,
    NodeType,
    Problem,
    Reference,
    References,
)
from workflows.nodes.values import (
    VALUE,
    texts_for_others,
    value_expressions,
    value_kinds,
    value_of,
    value_templates,
)


class WorkflowNode(NodeType):
    """Gives ``{"outputs"}``: those of the other run."""

    type = "workflow"
    title = "Workflow"
    description = "Runs the published version of another workflow and waits for it; both are cancelled together."
    may_undo = False
    waits = True
    schema = fields.closed(
        ("workflow",),
        {
            "workflow": fields.slug("Workflow", "workflow"),
            "inputs": {
                "type": "object",
                "title": "Inputs of the workflow",
                "description": "Each a template or a CEL expression.",
                "maxProperties": 100,
                "additionalProperties": VALUE,
            },
        },
    )
    example = {"workflow": "check-order", "inputs": {"order": {"cel": "inputs.order"}}}

    def templates(self, config: Json) -> dict[str, str]:
        return value_templates("inputs", config.get("inputs", {}))

    def expressions(self, config: Json) -> dict[str, Expression]:
        return value_expressions("inputs", config.get("inputs", {}))

    def taken(self, config: Json, references: References) -> dict[str, str]:
        return value_kinds("inputs", config.get("inputs", {}), references.inputs(config["workflow"]) or {})

    def references(self, config: Json) -> list[Reference]:
        return [Reference("workflow", config["workflow"], "workflow")]

    def output(self, config: Json) -> Json:
        return fields.closed(("outputs",), {"outputs": {"type": "object", "additionalProperties": True}})

    def check(self, node: CheckedNode, references: References) -> list[Problem]:
        taken = references.inputs(node.config["workflow"])
        return [*super().check(node, references), *(_input_problems(node, taken) if taken is not None else ())]

    def run(self, call: NodeCall) -> NodeResult:
        inputs = {name: value_of(value, call.values) for name, value in call.config.get("inputs", {}).items()}
        outputs = call.call_workflow(call.config["workflow"], inputs)
        return NodeResult({"outputs": outputs}, summary=f"{call.config['workflow']} gave {len(outputs)} outputs")


def _input_problems(node: CheckedNode, taken: Json) -> list[Problem]:
    """Return which inputs the other workflow does not take, needs, or takes as something else than a text."""
    given, known = node.config.get("inputs", {}), taken.get("properties") or {}
    extra = () if taken.get("additionalProperties") else [name for name in given if name not in known]
    told = [(name, f"The workflow has no such input; it has {', '.join(known) or 'none'}.") for name in extra]
    needed = [name for name in taken.get("required") or [] if "default" not in known.get(name, {})]
    told += [(name, "The workflow needs this input.") for name in needed if name not in given]
    told += [
        (name, f"A template gives a text, and the workflow takes {kind} here; use an expression.")
        for name, kind in texts_for_others(given, taken).items()
    ]
    return [Problem("bad_input", message, node.id, f"config.inputs.{name}") for name, message in told]
