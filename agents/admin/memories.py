"""Memories in the admin: what agents keep about whom, to be read, corrected, shared, taken along and erased."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from agents.actions import memories
from agents.models import Memory
from nexod.admin import formats, states, tenant_site
from nexod.admin.actors import actor_of
from nexod.admin.records import RecordAdmin

MOST_EXPORTED = 10_000
SWITCHES = {"is_kept": "Keep it", "is_shared": "Share it"}
EXPORTED = (
    "id", "scope", "agent", "workflow", "is_shared", "topic", "text", "importance", "is_kept", "recalls", "recalled_at",
    "run", "value", "superseded_at", "created_at",
)  # fmt: skip


class StateFilter(admin.SimpleListFilter):
    """Whether it still holds."""

    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Offer both, and both together."""
        return (("replaced", "Replaced"), ("all", "All"))

    def choices(self, changelist: Any) -> Any:
        """Call what is shown without a choice by its name."""
        first, *others = super().choices(changelist)
        return [{**first, "display": "Holds"}, *others]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return those of the state; what was replaced is not shown unless it is asked for."""
        if self.value() == "all":
            return queryset
        return queryset.filter(superseded_at__isnull=self.value() != "replaced")


@admin.register(Memory, site=tenant_site)
class MemoryAdmin(RecordAdmin):
    """One's own and shared ones; everybody's for who may inspect them."""

    icon = "neurology"
    noun, nouns = "memory", "memories"
    empty_hint = (
        "Agents that have the tools Remember and Recall keep here what later runs should know. You see your own."
    )
    list_display = ("what", "whose", "where", "importance_shown", "used", "state")
    list_display_links = ("what",)
    list_select_related = ("user",)
    list_filter = (StateFilter, "scope", "is_shared", "is_kept")
    search_fields = ("text", "topic", "user__email", "agent", "workflow")
    search_help_text = "Words of it, topic, person, agent or workflow"
    actions = ("export_selected",)
    fieldsets = (
        (None, {"fields": ("topic", "text", "importance", "is_kept", "is_shared")}),
        ("Where it comes from", {"fields": ("whose", "where", "used", "state", "origin")}),
    )
    readonly_fields = ("whose", "where", "used", "state", "origin")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return what the person may look at."""
        rows: QuerySet[Any] = super().get_queryset(request).defer("embedding")
        return rows.visible_to(actor_of(request))  # type: ignore[attr-defined, no-any-return]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let whoever may see memories keep something of their own."""
        return bool(self.has_view_permission(request))

    def has_change_permission(self, request: HttpRequest, obj: Memory | None = None) -> bool:
        """Let people correct what is theirs."""
        return _may(request, obj) and bool(self.has_view_permission(request))

    def has_delete_permission(self, request: HttpRequest, obj: Memory | None = None) -> bool:
        """Let people erase what is theirs."""
        return _may(request, obj) and bool(self.has_view_permission(request))

    def get_fieldsets(self, request: HttpRequest, obj: Memory | None = None) -> Any:
        """Leave out where it comes from as long as there is nothing."""
        return self.fieldsets if obj else self.fieldsets[:1]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Call the switches by what they do."""
        if db_field.name in SWITCHES:
            kwargs["label"] = SWITCHES[db_field.name]
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Memory | None = None) -> Any:
        """Only the person whose memory it is can share it."""
        if obj is not None and not obj.is_shared and obj.user_id != actor_of(request).pk:
            return (*self.readonly_fields, "is_shared")
        return self.readonly_fields

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Memory | None) -> Memory:
        """Keep a new one of the person's own, or correct one."""
        given = {name: form.cleaned_data[name] for name in memories.EDITABLE if name in form.cleaned_data}
        if original is None:
            return memories.create_memory(actor=actor_of(request), **given)
        return memories.update_memory(actor=actor_of(request), memory=original, **given)

    def remove(self, request: HttpRequest, obj: Memory) -> None:
        """Erase one."""
        memories.delete_memory(actor=actor_of(request), memory=obj)

    @admin.action(description="Export as JSON", permissions=["view"])
    def export_selected(self, request: HttpRequest, queryset: QuerySet[Memory]) -> HttpResponse | None:
        """Give them as a file; vectors are made anew wherever it is read."""
        if queryset.count() > MOST_EXPORTED:
            messages.error(request, f"At most {MOST_EXPORTED:,} memories go into a file; choose fewer.")
            return None
        rows = [{**row, "user": row.pop("user__email")} for row in queryset.values("user__email", *EXPORTED)]
        answer = JsonResponse({"format": "nexod.memories/1", "memories": rows}, json_dumps_params={"indent": 2})
        answer["Content-Disposition"] = f'attachment; filename="memories-{timezone.now():%Y-%m-%d}.json"'
        return answer

    @display(description="Memory", ordering="topic", header=True)
    def what(self, row: Memory) -> list[str]:
        """Show the text under its topic."""
        text = row.text if len(row.text) <= 120 else f"{row.text[:119]}…"
        return [row.topic, text] if row.topic else [text, ""]

    @display(description="Of", ordering="user__email")
    def whose(self, row: Memory) -> str:
        """Show the person."""
        return f"{row.user}, shared with everybody" if row.is_shared else str(row.user)

    @display(description="Comes to mind in", ordering="scope")
    def where(self, row: Memory) -> str:
        """Show in whose runs."""
        named = {Memory.Scope.AGENT: f"Runs of the agent {row.agent}", Memory.Scope.WORKFLOW: f"Runs of {row.workflow}"}
        return named.get(Memory.Scope(row.scope), "All runs")

    @display(description="Importance", ordering="importance")
    def importance_shown(self, row: Memory) -> str:
        """Show it in per cent."""
        return f"{row.importance:.0%}"

    @display(description="Recalled", ordering="recalled_at")
    def used(self, row: Memory) -> str:
        """Show how often, and when last."""
        if row.recalled_at is None:
            return "Never"
        times = "once" if row.recalls == 1 else f"{formats.count(row.recalls)} times"
        return format_html("{}, {}", times, formats.ago(row.recalled_at))

    @display(description="State")
    def state(self, row: Memory) -> SafeString:
        """Show whether it holds, and whether it can fade."""
        if row.superseded_at is not None:
            return states.chip("revoked", text="Replaced")
        return states.chip("usable", text="Kept for good" if row.is_kept else "Holds")

    @display(description="Kept in")
    def origin(self, row: Memory) -> SafeString | str:
        """Lead to the run in which it was kept."""
        if row.run is None:
            return "By hand"
        page = reverse("admin:workflows_run_change", args=(row.run,))
        return format_html('<a class="nx-link" href="{}">{}</a>', page, str(row.run)[-6:])


def _may(request: HttpRequest, memory: Memory | None) -> bool:
    actor = actor_of(request)
    return memory is None or memory.user_id == actor.pk or actor.has_perm("agents.inspect_memory")
