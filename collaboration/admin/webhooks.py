"""Webhook endpoints in the admin: who is told outside, and what came of telling them."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from collaboration.actions import deliveries, endpoints
from collaboration.models import Delivery, WebhookEndpoint
from collaboration.notifications.catalogue import EVENTS
from nexod.admin import formats, states, tenant_site
from nexod.admin.actors import actor_of, may, row_id
from nexod.admin.records import ReadOnlyAdmin, RecordAdmin, RefusableForm
from nexod.admin.refusals import tell
from nexod.admin.row_pages import back_to, secret_page
from nexod.kernel.errors import NexodError, PermissionDenied

SHOWN = 20
SAYS = "Whatever is sent is signed with it, as standardwebhooks.com describes: its libraries verify that."


class EndpointForm(RefusableForm):
    """An endpoint and what it is told."""

    events = forms.MultipleChoiceField(
        choices=[(event, f"{event}: {title}") for event, title in EVENTS.items()],
        initial=["run.completed", "run.failed"],
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("name", "url", "events", "is_enabled")
        labels: ClassVar = {"url": "Address", "is_enabled": "Enabled"}


@admin.register(WebhookEndpoint, site=tenant_site)
class EndpointAdmin(RecordAdmin):
    """Addresses outside that are told of what happens here."""

    icon = "webhook"
    takes_along = frozenset({"delivery"})
    noun, nouns = "webhook", "webhooks"
    empty_hint = "A webhook tells another program what happens here: a run that ended, a decision that is asked for."
    form = EndpointForm
    list_display = ("title", "told", "state", "on_the_way")
    list_display_links = ("title",)
    list_filter = ("is_enabled",)
    search_fields = ("name", "url")
    search_help_text = "Name or address"
    fieldsets = ((None, {"fields": ("name", "url", "is_enabled", "events")}),)
    change_form_outer_before_template = "nexod/webhooks/head.html"
    change_form_outer_after_template = "nexod/webhooks/past.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Count along what is on its way."""
        pending = Count("deliveries", Q(deliveries__status=Delivery.Status.PENDING))
        rows: QuerySet[Any] = super().get_queryset(request).defer("encrypted_secrets").annotate(pending=pending)
        return rows

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Show the newest deliveries below the form."""
        found = WebhookEndpoint.objects.filter(pk=row_id(object_id)).first()
        shown = {} if found is None or request.method != "GET" else panel(request, found)
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    @display(description="Webhook", ordering="name", header=True)
    def title(self, endpoint: WebhookEndpoint) -> list[str]:
        """Show the name over the address."""
        return [endpoint.name, endpoint.url]

    @display(description="Told of")
    def told(self, endpoint: WebhookEndpoint) -> str:
        """Show the events."""
        return ", ".join(endpoint.events)

    @display(description="State", ordering="is_enabled")
    def state(self, endpoint: WebhookEndpoint) -> str:
        """Show whether it is told, and whether it takes what it is told."""
        return state_of(endpoint)

    @display(description="On the way", ordering="pending")
    def on_the_way(self, endpoint: Any) -> str:
        """Show how many deliveries are."""
        return formats.count(endpoint.pending)

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> WebhookEndpoint:
        """Store by the actions; a new one's secret is kept for the one page that shows it."""
        values = {name: form.cleaned_data[name] for name in ("name", "url", "events", "is_enabled")}
        if original:
            return endpoints.update_endpoint(actor=actor_of(request), endpoint=original, **values)
        endpoint, secret = endpoints.create_endpoint(actor=actor_of(request), **values)
        request._secret = secret  # type: ignore[attr-defined]
        return endpoint

    def response_add(
        self, request: HttpRequest, obj: WebhookEndpoint, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the secret this once."""
        return secret_page(request, obj, request._secret, says=SAYS)  # type: ignore[attr-defined]

    def remove(self, request: HttpRequest, obj: WebhookEndpoint) -> None:
        """Delete by the action."""
        endpoints.delete_endpoint(actor=actor_of(request), endpoint=obj)


@admin.register(Delivery, site=tenant_site)
class DeliveryAdmin(ReadOnlyAdmin):
    """What was sent to webhooks and mailboxes, and what they answered."""

    icon = "outgoing_mail"
    empty_hint = "When something happens that a webhook or a person is told of, its delivery is listed here."
    list_display = ("what", "state", "attempts", "next_shown", "told")
    list_display_links = ("what",)
    list_select_related = ("endpoint", "user")
    list_filter = ("status", "event", "endpoint")
    search_fields = ("endpoint__name", "user__email", "event")
    search_help_text = "Webhook, address or event"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out what only the page of a delivery shows, and other people's mail."""
        rows = Delivery.objects.visible_to(actor_of(request))
        return rows.defer("payload", "log", "endpoint__encrypted_secrets")

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Show what is sent and each attempt."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = Delivery.objects.visible_to(actor_of(request)).select_related("endpoint", "user")
        delivery = get_object_or_404(rows, pk=row_id(object_id))
        page = {
            "title": f"{delivery.event} to {delivery.receiver}",
            "delivery": delivery,
            "may_change": delivery.endpoint_id and may(request, deliveries.CHANGE),
            "original": delivery,
            "opts": self.opts,
        }
        return tenant_site.render(request, "nexod/webhooks/delivery.html", page)

    @display(description="Delivery", header=True)
    def what(self, delivery: Delivery) -> list[str]:
        """Show the event over where it goes."""
        return [delivery.event, delivery.receiver]

    @display(description="State", ordering="status")
    def state(self, delivery: Delivery) -> str:
        """Show whether it was taken."""
        return states.chip(delivery.status)

    @display(description="Tried again", ordering="next_at")
    def next_shown(self, delivery: Delivery) -> str:
        """Show when it is tried again."""
        return formats.ago(delivery.next_at)

    @display(description="Happened", ordering="created_at")
    def told(self, delivery: Delivery) -> str:
        """Show when it happened."""
        return formats.ago(delivery.created_at)


def state_of(endpoint: WebhookEndpoint) -> str:
    """Return the endpoint's state as a label."""
    if not endpoint.is_enabled:
        return states.chip("suspended", text="Disabled")
    return states.chip("waiting", text="Failing") if endpoint.failing_since else states.chip("active")


def panel(request: HttpRequest, endpoint: WebhookEndpoint) -> dict[str, Any]:
    """Return what the page of an endpoint shows around its form."""
    newest = endpoint.deliveries.defer("payload").order_by("-created_at", "-id")[:SHOWN]
    return {
        "endpoint": endpoint,
        "state": state_of(endpoint),
        "deliveries": newest,
        "may_change": may(request, deliveries.CHANGE),
    }


@tenant_site.page("collaboration/webhookendpoint/<uuid:endpoint_id>/ping/", "webhook_ping")
@require_POST
def ping(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Send a test event and go to its delivery."""
    endpoint = get_object_or_404(WebhookEndpoint, pk=endpoint_id)
    try:
        delivery = deliveries.ping(actor=actor_of(request), endpoint=endpoint)
    except NexodError as error:
        tell(request, error)
        return back_to(endpoint)
    messages.success(request, "A test event is on its way.")
    return back_to(delivery)


@tenant_site.page("collaboration/webhookendpoint/<uuid:endpoint_id>/secret/", "webhook_secret")
@require_POST
def rotate(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Make a new secret and show it this once."""
    endpoint = get_object_or_404(WebhookEndpoint, pk=endpoint_id)
    try:
        secret = endpoints.rotate_endpoint_secret(actor=actor_of(request), endpoint=endpoint)
    except NexodError as error:
        tell(request, error)
        return back_to(endpoint)
    tenant_site._registry[WebhookEndpoint].log_change(request, endpoint, "Secret rotated.")
    return secret_page(request, endpoint, secret, says=SAYS)


@tenant_site.page("collaboration/delivery/<uuid:delivery_id>/redeliver/", "delivery_again")
@require_POST
def redeliver(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Send it once more."""
    delivery = get_object_or_404(Delivery, pk=delivery_id)
    try:
        deliveries.redeliver(actor=actor_of(request), delivery=delivery)
    except NexodError as error:
        tell(request, error)
    else:
        messages.success(request, "It is on its way again.")
    return back_to(delivery)
