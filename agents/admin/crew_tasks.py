"""The forms of a crew's tasks. What a task may read is said by slug, since a new task has no row yet."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminTextInputWidget

from agents.models import CrewTask
from nexod.admin.fields import JsonObjectField

FIELDS = ("slug", "description", "expected_output", "agent", "output_schema", "human_input")
LAST = 10_000


class SlugsField(forms.CharField):
    """Slugs in one line, separated by commas or blanks."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminTextInputWidget(attrs={"data-context-slugs": "", "spellcheck": "false"})
        super().__init__(widget=widget, **{"required": False, **kwargs})

    def prepare_value(self, value: Any) -> str:
        """Return the line."""
        return ", ".join(value) if isinstance(value, list) else str(value or "")

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        """Return the slugs, each once."""
        given = value if isinstance(value, list) else str(value or "").replace(",", " ").split()
        return list(dict.fromkeys(given))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the slugs, not the line."""
        return self.to_python(initial) != self.to_python(data)


class TaskForm(forms.ModelForm):  # type: ignore[type-arg]
    """A task without the rows that it refers to."""

    context_slugs = SlugsField(label="May read", help_text="Slugs of tasks before it whose results it is given.")
    output_schema = JsonObjectField(
        rows=3, label="Result as JSON", help_text="JSON Schema of an object that the result must be; empty: text."
    )

    class Meta:
        model = CrewTask
        fields = ("order", *FIELDS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["order"].required = False
        if self.instance.pk and not self.instance._state.adding:
            self.initial["context_slugs"] = [task.slug for task in self.instance.context.all()]

    def clean_order(self) -> int:
        """Put a task without a number last."""
        order = self.cleaned_data.get("order")
        return LAST if order is None else int(order)


class TaskFormSet(PaginationInlineFormSet):
    """All tasks of one crew."""

    def add_fields(self, form: Any, index: int | None) -> None:
        """Read the agents to choose from once, not once per task."""
        super().add_fields(form, index)
        agents = form.fields["agent"]
        if not hasattr(self, "_agents"):
            self._agents = list(agents.choices)
        agents.choices = self._agents

    def validate_unique(self) -> None:
        """Leave slugs to the action, which names the task; numbers are given anew in any case."""

    def tasks(self) -> list[dict[str, Any]]:
        """Return what the actions take: the tasks that stay, in their order."""
        kept = [form for form in self.forms if form not in self.deleted_forms and form.cleaned_data]
        kept.sort(key=lambda form: form.cleaned_data["order"])
        return [
            {
                **{name: form.cleaned_data[name] for name in FIELDS},
                "context": form.cleaned_data["context_slugs"],
            }
            for form in kept
        ]
