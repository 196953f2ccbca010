"""Tool: one use of a tool that agents can have too, with arguments that the workflow gives. No model is asked."""

from __future__ import annotations

from typing import Any

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

APPROVALS = ("never", "always")
_ARGUMENT = "^[A-Za-z_][A-Za-z0-9_]{0,59}$"


class ToolNode(NodeType):
    """Gives ``{"result"}``: what the tool gave, text or JSON."""

    type = "tool"
    title = "Tool"
    description = "Uses a tool with the arguments that the workflow gives, once however often the step begins."
    schema = fields.closed(
        ("tool",),
        {
            "tool": fields.slug("Tool", "tool"),
            "settings": {
                "type": "object",
                "title": "Settings of the tool",
                "description": "No secrets: whoever may read the workflow could read them.",
                "maxProperties": 50,
            },
            "arguments": {
                "type": "object",
                "title": "Arguments",
                "description": "Each a template or a CEL expression.",
                "propertyNames": {"pattern": _ARGUMENT},
                "maxProperties": 50,
                "additionalProperties": VALUE,
            },
            "approval": {
                "type": "string",
                "title": "A person is asked before",
                "enum": list(APPROVALS),
                "default": "never",
            },
        },
    )
    example = {
        "tool": "calculator",
        "settings": {},
        "arguments": {"expression": {"template": "{{ inputs.price }} * 1.19"}},
        "approval": "never",
    }

    def templates(self, config: Json) -> dict[str, str]:
        return value_templates("arguments", config.get("arguments", {}))

    def expressions(self, config: Json) -> dict[str, Expression]:
        return value_expressions("arguments", config.get("arguments", {}))

    def taken(self, config: Json, references: References) -> dict[str, str]:
        known = _known(config["tool"])
        return value_kinds("arguments", config.get("arguments", {}), known.parameters) if known else {}

    def references(self, config: Json) -> list[Reference]:
        return [Reference("tool", config["tool"], "tool"), *_named_in_settings(config)]

    def output(self, config: Json) -> Json:
        return fields.closed(("result",), {"result": {}})

    def check(self, node: CheckedNode, references: References) -> list[Problem]:
        problems = super().check(node, references)
        return problems or [*_settings_problems(node), *_argument_problems(node)]

    def run(self, call: NodeCall) -> NodeResult:
        from agents.tools.registry import tool
        from agents.tools.use import run_tool

        config = call.config
        bound = tool(config["tool"]).bind(config.get("settings", {}), config.get("approval", "never"))
        arguments = {name: value_of(value, call.values) for name, value in config.get("arguments", {}).items()}
        return NodeResult({"result": run_tool(bound, arguments)}, summary=f"{bound.title} answered")


def _known(name: str) -> Any:
    """Return the tool, or None. Late: only what validates or runs needs the tools."""
    from agents.tools.errors import ToolGone
    from agents.tools.registry import tool

    try:
        return tool(name)
    except ToolGone:
        return None


def _named_in_settings(config: Json) -> list[Reference]:
    """Return what the settings name in the tenant, as the tool's own schema says."""
    from agents.tools.naming import named_in_settings

    found = named_in_settings(config["tool"], config.get("settings", {}))
    return [Reference(kind, slug, f"settings.{setting}") for setting, kind, slug in found]


def _settings_problems(node: CheckedNode) -> list[Problem]:
    """Return what in the settings does not fit the tool."""
    from nexod.kernel.json_schemas import complaints

    if (known := _known(node.config["tool"])) is None:
        return []
    if not known.alone:
        message = f"{known.title} works for an agent only; give it to an agent."
        return [Problem("bad_config", message, node.id, "config.tool")]
    settings = node.config.get("settings", {})
    if wrong := complaints(settings, dict(known.settings)):
        return [
            Problem("bad_config", one["message"], node.id, ".".join(filter(None, ("config.settings", one["field"]))))
            for one in wrong
        ]
    return [Problem("bad_config", why, node.id, "config.settings") for why in known.complaints(settings)]


def _argument_problems(node: CheckedNode) -> list[Problem]:
    """Return which arguments the tool does not take, needs, or takes as something else than a text."""
    if (known := _known(node.config["tool"])) is None:
        return []
    given, parameters = node.config.get("arguments", {}), known.parameters
    unknown = given.keys() - parameters["properties"].keys() if parameters.get("additionalProperties") is False else ()
    missing = set(parameters.get("required", ())) - given.keys()
    told = [(name, _unknown(known, name)) for name in sorted(unknown)]
    told += [(name, f"{known.title} needs this argument.") for name in sorted(missing)]
    told += [
        (name, f"A template gives a text, and {known.title} takes {kind} here; use an expression.")
        for name, kind in texts_for_others(given, parameters).items()
    ]
    return [Problem("bad_config", message, node.id, f"config.arguments.{name}") for name, message in told]


def _unknown(known: Any, name: str) -> str:
    return f"{known.title} takes no argument {name!r}; it takes {', '.join(known.parameters['properties'])}."
