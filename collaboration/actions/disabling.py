"""Disable an endpoint that has taken nothing for days, or says that it is gone, and tell whoever looks after it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from collaboration.actions.telling import tell
from collaboration.models import Delivery, WebhookEndpoint
from collaboration.notifications.kinds import WEBHOOK_DISABLED
from collaboration.notifications.waits import PATIENCE
from tenants import due_times
from tenants.accounts.models import User
from tenants.accounts.roles import ADMIN, OWNER


def disable_if_hopeless(endpoint_id: UUID, now: datetime, *, is_gone: bool) -> bool:
    """Note that the endpoint fails, and disable it when it has for too long; say whether it was. In the caller's transaction."""
    endpoint = WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=endpoint_id)
    endpoint.failing_since = endpoint.failing_since or now
    hopeless = endpoint.is_enabled and (is_gone or now - endpoint.failing_since >= PATIENCE)
    if hopeless:
        endpoint.is_enabled = False
        why = "it answered 410 Gone" if is_gone else f"it has taken nothing for {PATIENCE.days} days"
        endpoint.disabled_reason = f"Nexod disabled it: {why}."
        _give_up(endpoint)
        _tell(endpoint, why)
    endpoint.save(update_fields=["failing_since", "is_enabled", "disabled_reason", "updated_at"])
    return hopeless


def _give_up(endpoint: WebhookEndpoint) -> None:
    pending = endpoint.deliveries.filter(status=Delivery.Status.PENDING)
    due_times.clear_due(pending.values_list("pk", flat=True))
    pending.update(status=Delivery.Status.FAILED, sending_until=None, next_at=None)


def _tell(endpoint: WebhookEndpoint, why: str) -> None:
    look_after = Q(groups__name__in=(OWNER, ADMIN)) | Q(pk=endpoint.created_by_id)
    tell(
        User.objects.filter(look_after, is_active=True).distinct(),
        kind=WEBHOOK_DISABLED,
        title=f"The webhook {endpoint.name} was disabled: {why}",
        url=f"/admin/collaboration/webhookendpoint/{endpoint.pk}/change/",
        key=f"webhook:{endpoint.pk}:{endpoint.failing_since:%Y%m%d%H%M%S}",
    )
