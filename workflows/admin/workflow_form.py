"""The form of a workflow: its draft as text, and the cases that it has to pass. A new one begins with something that works."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from nexod.admin.records import RefusableForm
from workflows.admin.definition_text import as_text
from workflows.definitions import DefinitionInvalid, described
from workflows.models import DataSet, Run, Workflow

FIRST: dict[str, Any] = {
    "format": "nexod.workflow/1",
    "name": "My workflow",
    "inputs": {
        "type": "object",
        "required": ["question"],
        "properties": {"question": {"type": "string", "title": "Question", "maxLength": 2000}},
    },
    "start": "answer",
    "nodes": [
        {"id": "answer", "type": "llm", "title": "Answer", "config": {"prompt": "{{ inputs.question }}"}},
        {
            "id": "result",
            "type": "output",
            "title": "Result",
            "config": {"outputs": {"answer": {"template": "{{ nodes.answer.text }}"}}},
        },
    ],
    "edges": [{"from": "answer", "to": "result"}],
}
TOGETHER, BASE = "live", "base"
"""What the page sends along: whether it edits the shared document, which is saved already; else which draft it began with."""


class WorkflowForm(RefusableForm):
    """A workflow with its draft as text."""

    definition = forms.CharField(
        label="Definition",
        strip=False,
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 28, "spellcheck": "false", "data-definition": "", "class": "nx-code"}
        ),
    )

    gate = forms.ModelChoiceField(
        DataSet.objects.none(),
        required=False,
        label="Cases that must pass",
        empty_label="None",
        widget=UnfoldAdminSelectWidget(),
        help_text="Publishing runs the cases of this data set on the draft first, and publishes it only when they pass.",
    )
    gate_score = forms.FloatField(
        required=False,
        min_value=0,
        max_value=1,
        label="Least mean score",
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "any"}),
        help_text="From 0 to 1; empty: every case passes.",
    )
    gate_replay = forms.ChoiceField(
        choices=Run.Replay.choices, required=False, label="How they are run", widget=UnfoldAdminSelectWidget()
    )

    class Meta:
        model = Workflow
        fields = ("name", "slug", "description")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "gate" in self.fields and not self.instance._state.adding:
            self.fields["gate"].queryset = self.instance.data_sets.all()  # type: ignore[attr-defined]
            for name in ("gate", "gate_score", "gate_replay"):
                self.initial[name] = getattr(self.instance, name)
        if "definition" in self.fields and not self.is_bound:
            self.initial["definition"] = as_text(draft_of(self.instance) or FIRST)
        if self.data.get(TOGETHER) and "definition" in self.fields:
            self.fields["definition"].required = False

    def _post_clean(self) -> None:
        """Show every problem of a refused definition at its field."""
        if not isinstance(self.refusal, DefinitionInvalid):
            super()._post_clean()
            return
        forms.ModelForm._post_clean(self)  # type: ignore[attr-defined]
        for problem in self.refusal.problems:
            self.add_error("definition", described(problem))


def draft_of(workflow: Workflow) -> dict[str, Any] | None:
    """Return the workflow's draft, or its published definition where no draft is left."""
    if workflow._state.adding:
        return None
    version = workflow.versions.order_by("number").first()
    return version.definition if version else None
