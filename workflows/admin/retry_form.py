"""The form on which a person changes something before a failed run goes on: from where, the inputs, what steps gave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from nexod.admin.fields import JsonObjectField
from nexod.admin.schema_form import InputForm
from workflows.actions.anew import Costs, History
from workflows.definitions import parse
from workflows.models import Run, Step
from workflows.nodes.base import ERROR

Json = dict[str, Any]
MOST_STEPS, MOST_CHARACTERS = 30, 50_000


class FromForm(forms.Form):
    """From where the run goes on."""

    def __init__(self, data: Mapping[str, Any] | None, history: History, origin: str = "") -> None:
        super().__init__(data)
        anew, costs = history.anew_from(""), history.costs()
        kept = [step for step in history.newest() if step not in anew]
        where = [_title(step) for step in kept if _failed(step)] or [_title(step) for step in anew[:1]]
        first = ("", f"Where it failed ({', '.join(where)})" if where else "Where it failed")
        earlier = [(step.node, _choice(step, costs)) for step in kept if not _failed(step)]
        self.fields["node"] = forms.ChoiceField(
            label="Go on", required=False, choices=[first, *earlier], initial=origin, widget=UnfoldAdminSelectWidget()
        )


class OutputsForm(forms.Form):
    """What steps gave, as JSON; a failed one's is empty, and what is written there is taken for what it should have given."""

    def __init__(self, data: Mapping[str, Any] | None, steps: Iterable[Step]) -> None:
        super().__init__(data, prefix="output")
        self.steps = {step.node: step for step in steps}
        for node, step in self.steps.items():
            hint = "It failed. With an output given here it is not tried again." if _failed(step) else ""
            output = None if _failed(step) else step.output
            self.fields[node] = JsonObjectField(label=_title(step), initial=output, help_text=hint, rows=8)

    def outputs(self) -> dict[str, Json]:
        """Return what was changed, by node."""
        return {node: self.cleaned_data[node] for node in self.changed_data if self.cleaned_data.get(node) is not None}


class RetryForm:
    """The three together: valid when all are, and complaints of the action find their fields."""

    def __init__(self, run: Run, data: Mapping[str, Any] | None = None, *, origin: str = "") -> None:
        history = History(run, parse(run.definition))
        anew = history.anew_from("")
        routed = {edge["from"] for edge in run.definition.get("edges", []) if edge.get("when") not in (None, "", ERROR)}
        kept = [step for step in history.newest() if step not in anew and step.node not in routed and _fits(step)]
        self.origin = FromForm(data, history, origin)
        self.inputs = InputForm(run.definition.get("inputs") or {}, data, run.inputs)
        self.outputs = OutputsForm(data, kept[-MOST_STEPS:])
        self.run = run

    def is_valid(self) -> bool:
        """Check every part, so that all complaints are shown at once."""
        valid = [form.is_valid() for form in (self.origin, self.inputs, self.outputs)]
        return all(valid)

    def changes(self) -> Json:
        """Return what ``retry_run`` takes."""
        unseen = {name: value for name, value in self.run.inputs.items() if name not in self.inputs.fields}
        inputs = {**unseen, **self.inputs.inputs()} if self.inputs.has_changed() else None
        return {"node": self.origin.cleaned_data["node"], "inputs": inputs, "outputs": self.outputs.outputs()}

    def refuse(self, details: Iterable[tuple[str, str]]) -> None:
        """Show complaints at their fields; what has none is shown above all."""
        for field, message in details:
            root, _, rest = field.partition(".")
            node = rest.split(".")[0]
            if root == "outputs" and node in self.outputs.fields:
                at = rest.removeprefix(node).lstrip(".")
                self.outputs.add_error(node, f"{at}: {message}" if at else message)
            elif root == "inputs":
                self.inputs.refuse([{"field": field, "message": message}])
            else:
                self.origin.add_error("node" if root == "node" else None, message)


def _fits(step: Step) -> bool:
    ended = step.status in (Step.Status.COMPLETED, Step.Status.FAILED)
    return ended and len(str(step.output or "")) <= MOST_CHARACTERS


def _failed(step: Step) -> bool:
    """Say whether it failed and no edge led on from there: it is what is tried again."""
    return step.status == Step.Status.FAILED and step.route != ERROR


def _title(step: Step) -> str:
    return step.title or step.node


def _choice(step: Step, costs: Costs) -> str:
    steps, outside = costs[step.node]
    count = f"{steps} step{'' if steps == 1 else 's'} anew"
    return f"From {_title(step)}: {count}" + (f", {outside} of what they did outside is done again" * bool(outside))
