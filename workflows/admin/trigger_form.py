"""The form of a trigger: what every one has, and the fields that its kind's JSON Schema names."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from agents.models import KnowledgeBase
from nexod.admin.fields import SecretField
from nexod.admin.records import RefusableForm
from nexod.admin.refusals import problems
from nexod.admin.schema_form import CHOICES, InputForm
from tenants.accounts.models import User
from workflows.admin.trigger_inputs import inputs_field, schema_of
from workflows.models import Trigger, Workflow
from workflows.triggers.base import TriggerType
from workflows.triggers.event import TITLES
from workflows.triggers.schemes import SCHEMES

Json = dict[str, Any]
CONFIG = "config_"
CATCH_UP = {"none": "Let them go", "last": "Make up for the last", "all": "Make up for all, up to the limit"}


class TriggerForm(RefusableForm):
    """What every trigger has."""

    version_number = forms.IntegerField(
        label="Pinned version",
        required=False,
        min_value=1,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="Empty: whatever version is published then",
    )
    inputs = inputs_field({})
    secret = SecretField(
        label="Secret", max_length=200, help_text="What the sender signs with. Empty: one is made and shown once."
    )

    class Meta:
        model = Trigger
        fields = ("name", "workflow", "overlap", "is_enabled", "acts_as")
        labels: ClassVar = {"overlap": "While a run of its own goes on", "is_enabled": "Enabled"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        trigger = self.instance
        if not trigger._state.adding:
            self.initial.update({f"{CONFIG}{name}": value for name, value in trigger.config.items()})
            self.initial["version_number"] = trigger.version and trigger.version.number
            self.initial["inputs"] = trigger.inputs
        if "inputs" in self.fields:
            self.fields["inputs"] = inputs_field(self._schema())
        if "workflow" in self.fields:
            self.fields["workflow"].queryset = Workflow.objects.exclude(published=None)  # type: ignore[attr-defined]
        if "acts_as" in self.fields:
            self.fields["acts_as"].help_text = "Whose rights its runs have, asked at each firing"

    def _schema(self) -> Json:
        """Return the inputs of the workflow that is chosen, else of the one that the trigger has."""
        chosen = self.data.get("workflow") if self.is_bound else self.initial.get("workflow")
        workflow = _workflow(str(chosen or self.instance.workflow_id or ""))
        pinned = self.instance.version if workflow and workflow.pk == self.instance.workflow_id else None
        return schema_of(workflow, pinned)

    def clean_inputs(self) -> Json:
        """Return the mapping; an empty text to fall back to, which no field can say, stays where it was."""
        given: Json = self.cleaned_data.get("inputs") or {}
        former = self.instance.inputs or {}
        return {
            name: former[name] if former.get(name) == {**way, "default": ""} else way for name, way in given.items()
        }

    def config(self) -> Json:
        """Return what the kind's fields say; what was left empty is left out, so that defaults apply."""
        given = {name: value for name, value in self.cleaned_data.items() if name.startswith(CONFIG)}
        return {name.removeprefix(CONFIG): value for name, value in given.items() if value not in (None, "")}

    def _post_clean(self) -> None:
        """Show what an action says of ``config.cron`` or ``inputs.topic`` at the field that the form has for it."""
        forms.ModelForm._post_clean(self)  # type: ignore[attr-defined]
        if self.refusal is None:
            return
        for field, message in problems(self.refusal):
            own = field.replace("config.", CONFIG, 1).split(".")[0] if field != "version" else "version_number"
            known = own in self.fields
            said = message if known and "inputs." not in field else f"{field}: {message}" if field else message
            self.add_error(own if known else None, said)


def _workflow(pk: str) -> Workflow | None:
    try:
        return Workflow.objects.select_related("published").filter(pk=UUID(pk)).first()
    except ValueError:
        return None


def form_of(kind: TriggerType) -> type[TriggerForm]:
    """Return the form for triggers of that kind."""
    fields = {f"{CONFIG}{name}": field for name, field in InputForm(_with_choices(kind)).fields.items()}
    return type("TriggerForm", (TriggerForm,), fields)


def config_fields(kind: TriggerType) -> tuple[str, ...]:
    """Return the names of the kind's own fields."""
    return tuple(f"{CONFIG}{name}" for name in kind.schema["properties"])


def people_to_act_as(actor: User, may_choose: bool) -> Any:
    """Return whom a trigger may act as: oneself, or anybody for who may change people."""
    people = User.objects.filter(is_active=True)
    return people if may_choose else people.filter(pk=actor.pk)


def _with_choices(kind: TriggerType) -> Json:
    named = {
        "event": list(TITLES.items()),
        "scheme": [(name, scheme.title) for name, scheme in SCHEMES.items()],
        "catch_up": list(CATCH_UP.items()),
        "workflow": list(Workflow.objects.values_list("slug", "name")),
        "knowledge_base": list(KnowledgeBase.objects.values_list("slug", "name")),
    }
    properties = {
        name: {**part, **({CHOICES: named[name]} if name in named else {})}
        for name, part in kind.schema["properties"].items()
    }
    return {**kind.schema, "properties": properties}
