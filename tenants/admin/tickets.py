"""The run queue in the staff's admin: ids and times, never what a run is about. Dead runs can be sent again."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from unfold.decorators import action, display

from nexod.admin import formats, staff_site, states
from nexod.admin.actors import actor_of
from nexod.admin.records import ReadOnlyAdmin
from nexod.admin.staff_access import is_administrator
from tenants.actions.tickets import send_dead_again
from tenants.models import RunTicket


@admin.register(RunTicket, site=staff_site)
class RunTicketAdmin(ReadOnlyAdmin):
    """Who may work on which run now."""

    icon = "format_list_numbered"
    noun, nouns = "ticket", "run queue"
    empty_hint = "Runs of every tenant queue up here, by id."
    list_display = ("run_id", "tenant", "queue", "stands", "worker", "attempt", "lease", "wakes_up", "made")
    list_select_related = ("tenant",)
    list_filter = ("state", "queue", "tenant")
    search_fields = ("run", "worker", "tenant__slug")
    search_help_text = "Run, worker or tenant"
    ordering = ("-created_at",)
    actions = ("send_again",)

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
        """Show where it stands; a lease that has run out is told, and what a dead run died of."""
        if ticket.state == RunTicket.State.DEAD:
            return states.chip("dead", text=f"Dead: {ticket.reason.replace('_', ' ')}")
        lost = ticket.state == "claimed" and ticket.lease_until and ticket.lease_until < timezone.now()
        return states.chip("failed", text="Lease ran out") if lost else states.chip(ticket.state)

    @display(description="Lease", ordering="lease_until")
    def lease(self, ticket: RunTicket) -> str:
        """Show until when the worker has it."""
        return formats.ago(ticket.lease_until)

    @display(description="Next look", ordering="wake_at")
    def wakes_up(self, ticket: RunTicket) -> str:
        """Show when the sweeper sends a worker the next message."""
        return formats.ago(ticket.wake_at)

    @display(description="Queued", ordering="created_at")
    def made(self, ticket: RunTicket) -> str:
        """Show since when it is in the queue."""
        return formats.ago(ticket.created_at)

    def has_administer_permission(self, request: HttpRequest) -> bool:
        """Let only administrators act on what they see."""
        return is_administrator(request)

    @action(description="Send dead runs to a worker again", permissions=["administer"])
    def send_again(self, request: HttpRequest, tickets: QuerySet[RunTicket]) -> None:
        """Give dead runs another chance, when what killed their workers is understood."""
        sent = send_dead_again(actor=actor_of(request), tickets=tickets)
        messages.success(request, f"{sent} dead run{'' if sent == 1 else 's'} sent again.")
