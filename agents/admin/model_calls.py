"""Every model call in the admin: for whom, with what, how much, and the run that it was made for."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from agents.models import ModelCall
from nexod.admin import formats, states, tenant_site
from nexod.admin.actors import row_id
from nexod.admin.records import ReadOnlyAdmin
from nexod.kernel.errors import PermissionDenied

TONE = {"answered": "completed", "cached": "ready", "cut": "waiting", "failed": "failed"}


@admin.register(ModelCall, site=tenant_site)
class ModelCallAdmin(ReadOnlyAdmin):
    """A list: what a call was about is on the run's page."""

    icon = "neurology"
    empty_hint = "Each call of a model is listed here, with its tokens, its cost and its run."
    list_display = ("called", "what", "for_whom", "tokens", "cost", "took", "run_link")
    list_display_links = None
    list_filter = ("outcome", ("created_at", admin.DateFieldListFilter))
    search_fields = ("=agent", "=workflow", "=model", "=connection", "=node", "=error", "=knowledge_base")
    search_help_text = (
        "Slug of the agent, workflow or connection, the model, the node, the knowledge base or an error's code"
    )
    show_facets = admin.ShowFacets.NEVER

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Lead to the run, if there is one."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        call = get_object_or_404(ModelCall, pk=row_id(object_id))
        page = "workflows_run_change" if call.run else "agents_modelcall_changelist"
        return HttpResponseRedirect(reverse(f"admin:{page}", args=(call.run,) if call.run else ()))

    @display(description="When", ordering="created_at")
    def called(self, call: ModelCall) -> Any:
        """Show how long ago, and how it ended."""
        return format_html(
            "{}<br>{}", formats.ago(call.created_at), states.chip(TONE[call.outcome], text=_outcome(call))
        )

    @display(description="Model", ordering="model", header=True)
    def what(self, call: ModelCall) -> list[str]:
        """Show the model over its connection."""
        return [call.model, call.connection or "—"]

    @display(description="For", header=True)
    def for_whom(self, call: ModelCall) -> list[str]:
        """Show the agent, or the node, over the workflow; for what no run asked, the knowledge base."""
        return [call.agent or call.node or call.knowledge_base, call.workflow or "—"]

    @display(description="Tokens read, written")
    def tokens(self, call: ModelCall) -> SafeString:
        """Show both, and what of them was cached, hidden or guessed."""
        more = [
            f"{formats.count(amount)} {what}"
            for amount, what in ((call.tokens_cached, "cached"), (call.tokens_reasoning, "reasoning"))
            if amount
        ] + (["estimated"] if call.estimated else [])
        both = f"{formats.count(call.tokens_in)}, {formats.count(call.tokens_out)}"
        return format_html('{}<br><span class="nx-muted nx-small-text">{}</span>', both, ", ".join(more))

    @display(description="Cost", ordering="cost_usd")
    def cost(self, call: ModelCall) -> str:
        """Show dollars, or that nobody knows the price."""
        return formats.usd(call.cost_usd) if call.price_known else "price unknown"

    @display(description="Took")
    def took(self, call: ModelCall) -> str:
        """Show how long it took, and how long until the first word."""
        first = "" if call.first_token_s is None else f", first word {formats.duration(call.first_token_s)}"
        return f"{formats.duration(call.seconds)}{first}"

    @display(description="Run")
    def run_link(self, call: ModelCall) -> SafeString:
        """Lead to the run."""
        if call.run is None:
            return format_html('<span class="nx-muted">{}</span>', "Reading and searching")
        page = reverse("admin:workflows_run_change", args=(call.run,))
        return format_html('<a class="nx-link" href="{}">{}</a>', page, str(call.run)[-6:])


def _outcome(call: ModelCall) -> str:
    return call.error.replace("_", " ") if call.error else str(call.get_outcome_display())
