"""Triggers in the admin: what starts workflows by itself, when it does so next, and what came of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from unfold.decorators import display

from nexod.admin import formats, states, tenant_site
from nexod.admin.actors import actor_of, may, row_id
from nexod.admin.records import RecordAdmin
from nexod.admin.row_pages import back_to
from workflows.actions import triggers
from workflows.admin.trigger_form import config_fields, form_of, people_to_act_as
from workflows.admin.trigger_pages import panel, trigger_secret
from workflows.models import Firing, Trigger, Workflow, WorkflowVersion
from workflows.triggers import registry
from workflows.triggers.base import TriggerType, refused

MOST_OFFERED = 500


@admin.register(Trigger, site=tenant_site)
class TriggerAdmin(RecordAdmin):
    """Schedules, webhooks and events that start workflows."""

    icon = "bolt"
    takes_along = frozenset({"firing"})
    empty_hint = "A trigger starts a workflow by itself: at its time, when something is sent to it, or when something happens here."
    list_display = ("title", "what", "state", "next_shown", "last_shown")
    list_display_links = ("title",)
    list_select_related = ("workflow", "acts_as")
    list_filter = ("kind", "is_enabled")
    search_fields = ("name", "workflow__name", "workflow__slug")
    search_help_text = "Name or workflow"
    change_form_outer_before_template = "nexod/triggers/head.html"
    change_form_outer_after_template = "nexod/triggers/past.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Say along what came of the newest firing."""
        newest = Firing.objects.filter(trigger=OuterRef("pk")).order_by("-created_at", "-id")
        rows: QuerySet[Any] = super().get_queryset(request).defer("encrypted_secrets")
        last = {"newest": newest.values("outcome")[:1], "fired": newest.values("created_at")[:1]}
        told: QuerySet[Any] = rows.annotate(**{name: Subquery(found) for name, found in last.items()})
        return told

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form of the trigger's kind."""
        return super().get_form(request, obj, change=change, **{**kwargs, "form": form_of(_kind(request, obj))})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Put what the kind asks for between what starts and how."""
        kind = _kind(request, obj)
        secret = ("secret",) if obj is None and kind.kind == "webhook" else ()
        return (
            (None, {"fields": ("name", "workflow", "version_number")}),
            (kind.title, {"fields": (*config_fields(kind), *secret), "description": kind.description}),
            ("Inputs", {"fields": ("inputs",)}),
            ("How it runs", {"fields": ("overlap", "acts_as", "is_enabled")}),
        )

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer oneself, or everybody to who may change people."""
        if db_field.name == "acts_as":
            kwargs["queryset"] = people_to_act_as(actor_of(request), may(request, "accounts.change_user"))
            kwargs["initial"] = request.user.pk
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Choose what is there, without a way to change or add one here."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in ("workflow", "acts_as") and field is not None:
            field.widget.can_add_related = field.widget.can_change_related = field.widget.can_view_related = False
        return field

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        """Ask for the kind first."""
        if "kind" not in request.GET and request.method == "GET" and self.has_add_permission(request):
            workflows = Workflow.objects.exclude(published=None).order_by("name").only("name")[:MOST_OFFERED]
            kinds = registry.all_kinds()
            page = {"title": "New trigger", "kinds": kinds, "workflows": workflows, "opts": self.opts}
            return tenant_site.render(request, "nexod/triggers/kinds.html", page)
        return super().add_view(request, form_url, extra_context)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Show the next times above the form, and the last firings below it."""
        found = Trigger.objects.select_related("workflow", "version").filter(pk=row_id(object_id)).first()
        shown = panel(request, found) if found and request.method == "GET" else {}
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    @display(description="Trigger", ordering="name", header=True)
    def title(self, trigger: Trigger) -> list[str]:
        """Show the name over the workflow."""
        return [trigger.name, trigger.workflow.name]

    @display(description="When", ordering="kind")
    def what(self, trigger: Trigger) -> str:
        """Show what makes it fire."""
        kind = registry.get(trigger.kind)
        icon = '<span class="material-symbols-outlined nx-muted" aria-hidden="true">{}</span> {}'
        return format_html(icon, kind.icon, kind.summary(trigger.config))

    @display(description="State", ordering="is_enabled")
    def state(self, trigger: Trigger) -> str:
        """Show whether it is paused."""
        return states.chip("active") if trigger.is_enabled else states.chip("suspended", text="Paused")

    @display(description="Next", ordering="next_due")
    def next_shown(self, trigger: Trigger) -> str:
        """Show when a schedule fires next."""
        return formats.ago(trigger.next_due)

    @display(description="Last")
    def last_shown(self, trigger: Any) -> str:
        """Show what came of the newest firing, and when."""
        if not trigger.newest:
            return "—"
        state = "fired" if trigger.newest == Firing.Outcome.STARTED else trigger.newest
        return format_html("{} {}", states.chip(state), formats.ago(trigger.fired))

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> Trigger:
        """Store by the actions; a new webhook's secret is kept for the one page that shows it."""
        given, actor = form.cleaned_data, actor_of(request)
        values = {name: given[name] for name in ("name", "workflow", "overlap", "is_enabled", "acts_as")}
        values |= {"config": form.config(), "inputs": given["inputs"] or {}}
        values["version"] = _version(given["workflow"], given["version_number"])
        if original:
            return triggers.update_trigger(actor=actor, trigger=original, **values)
        kind = _kind(request, None).kind
        trigger, secret = triggers.create_trigger(actor=actor, kind=kind, secret=given.get("secret", ""), **values)
        request._secret = secret  # type: ignore[attr-defined]
        return trigger

    def response_add(self, request: HttpRequest, obj: Trigger, post_url_continue: str | None = None) -> HttpResponse:
        """Show a webhook's secret this once; go to the page of any other."""
        if obj.token:
            return trigger_secret(request, obj, request._secret)  # type: ignore[attr-defined]
        messages.success(request, f"{obj} is ready.")
        return back_to(obj)

    def remove(self, request: HttpRequest, obj: Trigger) -> None:
        """Delete by the action."""
        triggers.delete_trigger(actor=actor_of(request), trigger=obj)


def _version(workflow: Any, number: int | None) -> WorkflowVersion | None:
    if number is None:
        return None
    found = WorkflowVersion.objects.filter(workflow=workflow, number=number, number__gt=0).first()
    if found is None:
        raise refused([("version", "The workflow has no such published version.")])
    return found


def _kind(request: HttpRequest, obj: Any) -> TriggerType:
    return registry.get(obj.kind if obj else request.GET.get("kind", "schedule"))
