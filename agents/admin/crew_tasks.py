"""The forms of a crew's tasks. What a task may read is said by slug, since a new task has no row yet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from agents.actions.crews import MOST_RETRIES
from agents.asking import policy_schema
from agents.guardrails import complaints_of
from agents.models import CrewTask
from nexod.admin.fields import JsonObjectField, read_json
from nexod.admin.schema_form import InputForm
from nexod.admin.schema_groups import GroupField, GroupWidget

FIELDS = (
    "slug",
    "description",
    "expected_output",
    "agent",
    "output_schema",
    "human_input",
    "policy",
    "async_execution",
    "allow_delegation",
    "guardrails",
    "max_retries",
    "on_failure",
)


LAYOUT = (
    ("", ("slug", "agent", "description", "expected_output", "context_slugs", "human_input")),
    ("Who approves", ("policy",)),
    ("Guardrails", ("guardrails", "max_retries", "on_failure")),
    ("More", ("async_execution", "allow_delegation", "output_schema")),
)


class SlugsField(forms.CharField):
    """Slugs in one line, separated by commas or blanks."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminTextInputWidget(attrs={"data-context-slugs": "", "spellcheck": "false"})
        super().__init__(widget=widget, **{"required": False, **kwargs})

    def prepare_value(self, value: Any) -> str:
        """Return the line."""
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        """Return the slugs, each once."""
        given = value if isinstance(value, list) else str(value or "").replace(",", " ").split()
        return list(dict.fromkeys(given))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the slugs, not the line."""
        return self.to_python(initial) != self.to_python(data)


class GuardrailsField(forms.CharField):
    """A list of guardrails as JSON, which the page shows as forms."""

    def __init__(self, **kwargs: Any) -> None:
        attributes = {"rows": 3, "class": "nx-code", "spellcheck": "false", "data-guardrails": ""}
        super().__init__(widget=UnfoldAdminTextareaWidget(attrs=attributes), **{"required": False, **kwargs})

    def prepare_value(self, value: Any) -> str:
        """Return the text to edit."""
        return json.dumps(value, indent=2, ensure_ascii=False) if value and isinstance(value, list) else value or ""

    def to_python(self, value: Any) -> list[Any]:  # type: ignore[override]
        """Return the guardrails; raise ValidationError for what is no JSON, or cannot be obeyed."""
        found = value if isinstance(value, list) else read_json(value) if value else []
        if problems := complaints_of(found):
            raise forms.ValidationError(problems)
        return list(found)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the guardrails, not the text."""
        try:
            return self.to_python(initial) != self.to_python(data)
        except forms.ValidationError:
            return True


class PolicyField(GroupField):
    """A policy by its parts; the action checks it again."""

    def __init__(self, schema: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(
            widget=GroupWidget(schema, InputForm, kwargs.get("label", "")), **{"required": False, **kwargs}
        )

    def clean(self, value: Any) -> dict[str, Any]:
        """Return the policy, empty where nothing is said."""
        return super().clean(value) or {}

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the policies."""
        return super().has_changed(initial or {}, data)


class TaskForm(forms.ModelForm):  # type: ignore[type-arg]
    """A task without the rows that it refers to."""

    context_slugs = SlugsField(label="May read", help_text="Slugs of tasks before it whose results it is given.")
    output_schema = JsonObjectField(
        rows=3, label="Result as JSON", help_text="JSON Schema of an object that the result must be; empty: text."
    )
    guardrails = GuardrailsField(
        label="Guardrails", help_text="What the result must satisfy. Why it does not goes back to the agent."
    )
    max_retries = forms.IntegerField(
        label="Tries again",
        required=False,
        min_value=0,
        max_value=MOST_RETRIES,
        initial=2,
        widget=UnfoldAdminIntegerFieldWidget(),
    )

    class Meta:
        model = CrewTask
        fields = FIELDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Here, since the schema of policies is registered by an app above when all are ready.
        self.fields["policy"] = PolicyField(
            policy_schema(), label="Who approves", help_text="Empty: anybody who may decide."
        )
        self.fields["on_failure"].required = False

    def rows(self) -> list[tuple[str, list[tuple[str, forms.BoundField]]]]:
        """Return the fields as they are laid out: a title where some are folded away, and their names in a content."""
        return [
            (title, [("context" if name == "context_slugs" else name, self[name]) for name in names])
            for title, names in LAYOUT
        ]

    def validate_unique(self) -> None:
        """Leave slugs to the action, which names the task."""

    def validate_constraints(self) -> None:
        """Leave them to the action."""

    def clean_max_retries(self) -> int:
        """Take what is usual where nothing is said."""
        given = self.cleaned_data.get("max_retries")
        return int(CrewTask._meta.get_field("max_retries").default if given is None else given)

    def clean_on_failure(self) -> str:
        """Let the task fail where nothing is said."""
        return self.cleaned_data.get("on_failure") or CrewTask.OnFailure.FAIL
