"""The admin's own log: who changed what, on both sites, for reading only."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.decorators import display

from nexod.admin import formats, staff_site, tenant_site
from nexod.admin.actors import may
from nexod.admin.records import ReadOnlyAdmin

VERBS = {ADDITION: "added", CHANGE: "changed"}


@admin.register(LogEntry, site=tenant_site)
@admin.register(LogEntry, site=staff_site)
class HistoryAdmin(ReadOnlyAdmin):
    """What was added, changed and deleted in this admin."""

    icon = "history"
    noun, nouns = "entry", "history"
    empty_hint = "Everything that people add, change or delete here is written down."
    list_display = ("when", "who", "did", "what", "details")
    list_select_related = ("user", "content_type")
    list_filter = ("action_flag", "content_type")
    search_fields = ("object_repr", "user__email")
    search_help_text = "Name of the object or e-mail address"
    list_display_links = None

    @display(description="When", ordering="action_time")
    def when(self, entry: LogEntry) -> str:
        """Show when it was."""
        return formats.ago(entry.action_time)

    @display(description="Who", ordering="user__email")
    def who(self, entry: LogEntry) -> str:
        """Show who did it."""
        return str(entry.user)

    @display(description="Did")
    def did(self, entry: LogEntry) -> str:
        """Show what was done."""
        kind = entry.content_type.name if entry.content_type else "object"
        return f"{VERBS.get(entry.action_flag, 'deleted')} {kind}"

    @display(description="What", ordering="object_repr")
    def what(self, entry: LogEntry) -> str:
        """Show to what, as it was called then."""
        return format_html("<b>{}</b>", entry.object_repr)

    @display(description="Details")
    def details(self, entry: LogEntry) -> str:
        """Show which fields."""
        return entry.get_change_message()

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Let in who may read the log: on the platform all of the staff."""
        return self.admin_site is staff_site or bool(may(request, "admin.view_logentry"))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show it to the same people."""
        return self.has_view_permission(request)
