"""The run queue in the staff's admin, for reading: ids and times, never what a run is about."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from unfold.decorators import display

from nexod.admin import formats, staff_site, states
from nexod.admin.records import ReadOnlyAdmin
from tenants.models import RunTicket


@admin.register(RunTicket, site=staff_site)
class RunTicketAdmin(ReadOnlyAdmin):
    """Who may work on which run now."""

    icon = "format_list_numbered"
    noun, nouns = "ticket", "run queue"
    empty_hint = "Runs of every tenant queue up here, by id."
    list_display = ("run_id", "tenant", "queue", "stands", "worker", "attempt", "lease", "made")
    list_select_related = ("tenant",)
    list_filter = ("state", "queue", "tenant")
    search_fields = ("run", "worker", "tenant__slug")
    search_help_text = "Run, worker or tenant"
    ordering = ("-created_at",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Let the staff in."""
        return True

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Let the staff read."""
        return True

    @display(description="Run", ordering="run")
    def run_id(self, ticket: RunTicket) -> str:
        """Show the end of the id; all of it on hover."""
        return format_html('<code title="{}">…{}</code>', ticket.run, str(ticket.run)[-12:])

    @display(description="State", ordering="state")
    def stands(self, ticket: RunTicket) -> str:
        """Show where it stands; a lease that has run out is told."""
        lost = ticket.state == "claimed" and ticket.lease_until and ticket.lease_until < timezone.now()
        return states.chip("failed", text="Lease ran out") if lost else states.chip(ticket.state)

    @display(description="Lease", ordering="lease_until")
    def lease(self, ticket: RunTicket) -> str:
        """Show until when the worker has it."""
        return formats.ago(ticket.lease_until)

    @display(description="Queued", ordering="created_at")
    def made(self, ticket: RunTicket) -> str:
        """Show since when it is in the queue."""
        return formats.ago(ticket.created_at)
