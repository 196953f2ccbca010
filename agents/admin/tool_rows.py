"""The tools of an agent in its form: one row for each, with the settings that its tool knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from agents.asking import policy_schema
from agents.tools.base import Tool
from agents.tools.errors import ToolGone
from agents.tools.registry import tool, tools
from agents.tools.rules import SCHEMA, rule_of
from agents.tools.validation import MAX_TOOLS
from nexod.admin.schema_form import CHOICES, InputForm

Json = dict[str, Any]
APPROVALS = (
    ("never", "Use it without asking"),
    ("always", "Ask a person before each use"),
    ("when", "Ask where a condition on the arguments holds"),
    ("first", "Ask the first time only"),
)
COVERS = [("arguments", "Exactly the same arguments"), ("tool", "Every later use of the tool")]
PLACE = "__place__"


class Row:
    """One tool as it is edited; ``found`` is None for one that does not exist here any more."""

    def __init__(
        self, name: str, prefix: str, *, given: Json | None = None, data: Mapping[str, Any] | None = None
    ) -> None:
        self.name, self.prefix = name, prefix
        self.found = _found(name)
        rule = rule_of((given or {}).get("approval") or "never")
        self.approval = (data.get(f"{prefix}-approval") if data is not None else rule.ask) or "never"
        more = {"condition": rule.condition, "per": rule.per, "policy": dict(rule.policy)}
        self.rule = InputForm(_rule_schema(), data, initial=more, prefix=f"{prefix}-rule", inner=True)
        settings = (given or {}).get("settings", {})
        self.form = InputForm(_schema(self.found), data, initial=settings, prefix=prefix) if self.found else None

    def value(self) -> Json:
        """Return the tool as it is stored; call ``is_valid`` first."""
        approval = rule_of({"ask": self.approval, **self.rule.inputs()}).as_json()
        return {"tool": self.name, "settings": self.form.inputs() if self.form else {}, "approval": approval}

    def is_valid(self) -> bool:
        """Say whether its settings and its rule can be read."""
        return self.form is not None and self.form.is_valid() and self.rule.is_valid()


class ToolsWidget(forms.Widget):
    """The rows, and a template of a row for each tool that can be added."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Row]:
        """Return the rows that were sent, in their order, those that were taken away left out."""
        places = [f"{name}-{number}" for number in range(_count(data.get(f"{name}-count")))]
        kept = [place for place in places if data.get(f"{place}-tool") and not data.get(f"{place}-gone")]
        return [Row(data[f"{place}-tool"], place, data=data) for place in kept]

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Return the rows; after a refusal with what was given."""
        rows = [
            given if isinstance(given, Row) else Row(given["tool"], f"{name}-{number}", given=given)
            for number, given in enumerate(value or [])
        ]
        context = {
            "name": name,
            "rows": rows,
            # Rows that were taken away leave gaps, which count.
            "count": max((int(row.prefix.rpartition("-")[2]) + 1 for row in rows), default=0),
            "blank": [Row(each.name, f"{name}-{PLACE}") for each in tools()],
            "approvals": APPROVALS,
        }
        return render_to_string("nexod/agents/tools.html", context)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Say whether the rows were not part of what was sent."""
        return f"{name}-count" not in data

    def id_for_label(self, id_: str) -> str:
        """Return nothing: the label is of the rows together."""
        return ""


class ToolsField(forms.Field):
    """The tools of an agent; the action checks them again."""

    widget = ToolsWidget

    def clean(self, value: Any) -> list[Json]:
        """Return the tools; raise ValidationError where settings cannot be read."""
        rows: list[Row] = value or []
        for number, row in enumerate(rows, 1):
            if not row.is_valid():
                raise forms.ValidationError(f"Tool {number}, {row.found.title if row.found else row.name}: {_why(row)}")
        return [row.value() for row in rows]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the tools."""
        return not all(row.is_valid() for row in data) or [row.value() for row in data] != (initial or [])


def _found(name: str) -> Tool | None:
    try:
        return tool(name)
    except ToolGone:
        return None


def _rule_schema() -> Json:
    """Return the schema of what a rule says besides when to ask."""
    parts = SCHEMA["properties"]
    condition = {
        "title": "Condition",
        "format": "cel",
        "description": "Such as arguments.amount > 1000. CEL; what fails asks.",
    }
    per = {"title": "One decision covers", "description": "It is listed under Allowed tools, and can be revoked there."}
    return {
        "type": "object",
        "properties": {
            "condition": {**parts["condition"], **condition},
            "per": {**parts["per"], CHOICES: COVERS, **per},
            "policy": {**policy_schema(), "title": "Who is asked, how many, and by when"},
        },
    }


def _schema(found: Tool) -> Json:
    """Return the schema of the settings with what the tenant offers in it."""
    properties = dict(found.settings.get("properties", {}))
    for setting, named in found.choices().items():
        properties[setting] = {**properties[setting], CHOICES: named}
    return {**found.settings, "properties": properties}


def _why(row: Row) -> str:
    if row.form is None:
        return "this tool does not exist here any more; take it away."
    return " ".join(_texts([*row.form.errors.values(), *row.rule.errors.values()]))


def _texts(errors: Iterable[Any]) -> list[str]:
    return [str(message) for found in errors for message in found]


def _count(text: Any) -> int:
    return min(int(text), 2 * MAX_TOOLS) if str(text).isdecimal() and len(str(text)) < 4 else 0
