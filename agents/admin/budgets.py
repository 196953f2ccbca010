"""Budgets in the admin: what is set, how it stands now, and who allowed more."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from agents.actions.budgets import MEANING, create_budget, delete_budget, require_sense, update_budget
from agents.budget_standing import windows_of, with_fullest
from agents.models import Agent, Budget
from nexod.admin import formats, states, tenant_site
from nexod.admin.actors import actor_of
from nexod.admin.records import RecordAdmin, RefusableForm
from nexod.admin.refusals import problems
from nexod.kernel.errors import InvalidInput
from tenants.accounts.models import User

FIELDS = ("name", *MEANING, "limit", "on_exceeding", "warn_at", "is_active")
RAISES_SHOWN = 50
EACH = "Each for itself"


class BudgetForm(RefusableForm):
    """A limit, whose it is, and what becomes of a call that does not fit."""

    whom = forms.ChoiceField(
        label="Whose", required=False, widget=UnfoldAdminSelectWidget(), help_text="Must be one of the kind above"
    )
    comment = forms.CharField(
        label="Why",
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Kept with a new limit",
    )

    class Meta:
        model = Budget
        fields = FIELDS
        labels = {
            "scope": "Limits", "unit": "In", "on_exceeding": "A call that does not fit", "warn_at": "Warn at (per cent)",
            "period": "Begins anew", "is_active": "Obeyed",
        }  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "limit" in self.initial:
            self.initial["limit"] = f"{self.instance.limit.normalize():f}"
        if "whom" in self.fields:
            field = self.fields["whom"]
            assert isinstance(field, forms.ChoiceField)
            field.choices = subjects()

    def clean(self) -> dict[str, Any]:
        """Say at the field what makes no sense; the database would say it by a constraint's name."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if "scope" in self.fields:
            try:
                require_sense(given)
            except InvalidInput as error:
                for field, message in problems(error):
                    self.add_error(field if field in self.fields else None, message)
        return given


def subjects() -> list[Any]:
    """Return whose a budget may be: agents and workflows by slug, people by id."""
    workflows = apps.get_model("workflows", "Workflow")._default_manager.values_list("slug", "name")
    return [
        ("", EACH),
        ("Agents", list(Agent.objects.values_list("slug", "name"))),
        ("Workflows", list(workflows)),
        ("People", [(str(user.pk), str(user)) for user in User.objects.only("email", "full_name")]),
    ]


@admin.register(Budget, site=tenant_site)
class BudgetAdmin(RecordAdmin):
    """What model calls are held to before they are made."""

    icon = "savings"
    empty_hint = "A budget limits what models may cost: the workspace, a person, an agent, a workflow or each run."
    form = BudgetForm
    change_form_outer_after_template = "nexod/usage/budget.html"
    list_display = ("title", "standing", "handling", "state")
    list_display_links = ("title",)
    list_filter = ("scope", "period", "on_exceeding", "is_active")
    search_fields = ("name", "whom")
    search_help_text = "Name, or slug of the agent or workflow"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read how they stand along."""
        return with_fullest(super().get_queryset(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What it adds up stays what it was."""
        return MEANING if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Budget | None = None) -> Any:
        """Ask why where a limit can be raised."""
        why = ("comment",) if obj and self.has_change_permission(request, obj) else ()
        return (
            (None, {"fields": ("name", ("scope", "whom"), ("period", "unit"))}),
            ("Limit", {"fields": ("limit", *why, "on_exceeding", "warn_at", "is_active")}),
        )

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Show the windows that run and the raises below the form."""
        budget = self.get_object(request, object_id)
        shown: dict[str, Any] = {}
        if budget is not None and self.has_view_permission(request, budget):
            windows = [{**row, "bar": bar(budget, row["used"], row["held"])} for row in windows_of(budget)]
            shown = {"budget": budget, "windows": windows, "raises": budget.raises.select_related("by")[:RAISES_SHOWN]}
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    @display(description="Budget", ordering="name", header=True)
    def title(self, budget: Budget) -> list[str]:
        """Show the name over what is limited."""
        whose = f" {budget.whom}" if budget.whom and budget.scope != Budget.Scope.USER else ""
        span = "" if budget.scope == Budget.Scope.RUN else f", {SPANS[budget.period]}"
        return [budget.name, f"{budget.get_scope_display()}{whose}{span}"]

    @display(description="Used now")
    def standing(self, budget: Any) -> SafeString:
        """Show the fullest window as a bar."""
        return bar(budget, budget.used, budget.held)

    @display(description="A call that does not fit", ordering="on_exceeding")
    def handling(self, budget: Budget) -> str:
        """Show what becomes of it."""
        return str(budget.get_on_exceeding_display())

    @display(description="State")
    def state(self, budget: Any) -> SafeString:
        """Show whether there is room."""
        if not budget.is_active:
            return states.chip("revoked", text="Off")
        share = _share(budget, budget.used + budget.held)
        if share >= 100:
            return states.chip("failed", text="Used up")
        near = budget.warn_at and share >= budget.warn_at
        return states.chip("waiting", text="Nearly used up") if near else states.chip("ready", text="Has room")

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> Budget:
        """Store by the actions."""
        values = {name: form.cleaned_data[name] for name in FIELDS if name in form.cleaned_data}
        if original:
            comment = form.cleaned_data.get("comment", "")
            return update_budget(actor=actor_of(request), budget=original, comment=comment, **values)
        return create_budget(actor=actor_of(request), **values)

    def remove(self, request: HttpRequest, obj: Budget) -> None:
        """Delete by the action."""
        delete_budget(actor=actor_of(request), budget=obj)


SPANS = {"run": "for each run", "day": "a day", "month": "a month", "total": "in all"}


def bar(budget: Budget, used: Decimal, held: Decimal) -> SafeString:
    """Return what is used and held of the limit, as a bar with its figures."""
    share, allowed = _share(budget, used + held), _amount(budget, budget.limit)
    both = f"{_amount(budget, used)} of {allowed}" + (f", {_amount(budget, held)} held" if held else "")
    return format_html(
        '<div class="nx-gauge"><span>{}</span><meter min="0" max="100" low="{}" high="99" optimum="0" value="{}"'
        ' aria-label="{} per cent used or held"></meter></div>',
        both, budget.warn_at or 100, min(share, 100), share,
    )  # fmt: skip


def _share(budget: Budget, amount: Decimal) -> int:
    return round(100 * amount / budget.limit) if budget.limit else 100


def _amount(budget: Budget, amount: Decimal) -> str:
    return formats.usd(amount) if budget.unit == Budget.Unit.USD else formats.count(float(amount))
