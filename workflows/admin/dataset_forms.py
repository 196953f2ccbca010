"""The forms of data sets, cases and evaluations."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from nexod.admin.fields import JsonObjectField, LinesField
from nexod.admin.records import RefusableForm
from nexod.admin.schema_form import JsonValueField
from workflows.actions.evaluations import MAX_AT_ONCE, MAX_REPEATS
from workflows.evals.scorers.registry import scorers
from workflows.evals.sheets import CSV, JSONL
from workflows.models import Case, DataSet, Run

MAX_FILE = 10_000_000


class DataSetForm(RefusableForm):
    """A data set with its scorers as JSON."""

    scorers = JsonValueField(
        required=False,
        help_text='Such as [{"type": "contains", "config": {"texts": ["moon"]}, "weight": 1, "threshold": 1}]. '
        f"Types: {', '.join(scorer.type for scorer in scorers())}. Empty: outputs are compared with what is expected.",
    )

    class Meta:
        model = DataSet
        fields = ("name", "slug", "description", "workflow", "agent", "crew", "scorers")


class CaseForm(RefusableForm):
    """A case with its inputs and what is expected as JSON."""

    inputs = JsonObjectField(rows=8, help_text='What a run of it begins with, as JSON: {"topic": "Tides"}')
    expected = JsonValueField(
        required=False,
        label="Expected outputs",
        help_text="Empty: nothing is said of them. Of an object only these fields count.",
    )
    tags = LinesField(rows=2, help_text="One per line")

    class Meta:
        model = Case
        fields = ("data_set", "name", "inputs", "expected", "tags")


class EvaluateForm(forms.Form):
    """What is judged, and how."""

    version = forms.ChoiceField(label="Version", widget=UnfoldAdminSelectWidget())
    against = forms.ChoiceField(
        label="Compared with", required=False, widget=UnfoldAdminSelectWidget(), help_text="Both are run on every case."
    )
    replay = forms.ChoiceField(
        label="Models and tools",
        choices=[(value, label) for value, label in Run.Replay.choices],
        initial=Run.Replay.FRESH,
        widget=UnfoldAdminSelectWidget(),
        help_text="A replay takes the answers that were recorded when a run was saved as a case: offline and for nothing.",
    )
    repeats = forms.IntegerField(
        label="Runs of each case", min_value=1, max_value=MAX_REPEATS, initial=1, widget=UnfoldAdminIntegerFieldWidget()
    )
    concurrency = forms.IntegerField(
        label="Runs at once", min_value=1, max_value=MAX_AT_ONCE, initial=4, widget=UnfoldAdminIntegerFieldWidget()
    )
    tags = LinesField(rows=2, label="Only cases with one of these tags", help_text="One per line; empty: all")

    def __init__(self, versions: list[tuple[str, str]], data: Any = None) -> None:
        super().__init__(data)
        self.fields["version"].choices = versions  # type: ignore[attr-defined]
        self.fields["against"].choices = [("", "—"), *versions]  # type: ignore[attr-defined]
        if len(versions) < 2:
            del self.fields["against"]

    def given(self) -> dict[str, Any]:
        """Return what ``start_evaluation`` takes."""
        values = dict(self.cleaned_data)
        version, against = values.pop("version"), values.pop("against", "")
        return {**values, "versions": [version, *([against] if against else [])]}


class ImportForm(forms.Form):
    """A file of cases."""

    file = forms.FileField(
        label="File", widget=UnfoldAdminFileFieldWidget(), help_text="JSONL or CSV, as exported here"
    )

    def clean_file(self) -> str:
        """Return the file's text; raise ValidationError for what is none."""
        file = self.cleaned_data["file"]
        if file.size > MAX_FILE:
            raise forms.ValidationError(f"A file may have {MAX_FILE // 1_000_000} MB.")
        try:
            text: str = file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise forms.ValidationError("This is not text in UTF-8.") from error
        if "\x00" in text:
            raise forms.ValidationError("This is not text.")
        self.form = CSV if file.name.lower().endswith(".csv") else JSONL
        return text


class SaveCaseForm(forms.Form):
    """Where a run is saved as a case."""

    data_set = forms.ModelChoiceField(
        DataSet.objects.none(),
        required=False,
        label="Data set",
        empty_label="A new one",
        widget=UnfoldAdminSelectWidget(),
    )
    name = forms.CharField(
        max_length=190, required=False, widget=UnfoldAdminTextInputWidget(), help_text="Empty: named after the run"
    )
    tags = LinesField(rows=2, help_text="One per line")

    def __init__(self, homes: Any, data: Any = None) -> None:
        super().__init__(data)
        self.fields["data_set"].queryset = homes  # type: ignore[attr-defined]
        self.fields["data_set"].initial = homes.first()
