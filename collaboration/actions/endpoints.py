"""Connect webhook endpoints: where they are, what they are told, and the secrets that sign it. A secret is shown once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction

from agents.actions.rows import invalid, saved
from collaboration.models import Delivery, WebhookEndpoint
from collaboration.notifications.catalogue import EVENTS
from nexod.kernel.addresses import is_allowed
from nexod.kernel.egress import require_reachable
from nexod.kernel.errors import NexodError, NotFound
from nexod.kernel.rotating_secrets import rotated
from nexod.kernel.standard_webhooks import new_secret
from tenants import due_times
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.context import current_tenant

Json = dict[str, Any]
CHANGE = "collaboration.change_webhookendpoint"
MAX_OVERLAP_H = 168


@transaction.atomic
def create_endpoint(
    *, actor: User, name: str, url: str, events: list[str], is_enabled: bool = True
) -> tuple[WebhookEndpoint, str]:
    """Return a new endpoint and the secret that signs what it is sent, shown this once.

    Raises PermissionDenied, InvalidInput with each field: an address that may not be called, an event that there is not.
    """
    require_permission(actor, "collaboration.add_webhookendpoint")
    secret = new_secret()
    endpoint = WebhookEndpoint(created_by=actor, encrypted_secrets=_rotated([], secret, timedelta()))
    fields = {"name": name, "url": url, "events": events, "is_enabled": is_enabled}
    return saved(endpoint, _checked(fields)), secret


@transaction.atomic
def update_endpoint(*, actor: User, endpoint: WebhookEndpoint, **changes: Any) -> WebhookEndpoint:
    """Change what is given of name, url, events and is_enabled; enabled again, its failures are forgotten."""
    require_permission(actor, CHANGE)
    found = locked_endpoint(endpoint.pk)
    if changes.get("is_enabled") and not found.is_enabled:
        changes |= {"failing_since": None, "disabled_reason": ""}
    return saved(found, _checked(changes))


@transaction.atomic
def delete_endpoint(*, actor: User, endpoint: WebhookEndpoint) -> None:
    """Delete the endpoint with its deliveries; what is on its way is not sent any more."""
    require_permission(actor, "collaboration.delete_webhookendpoint")
    found = locked_endpoint(endpoint.pk)
    due_times.clear_due(found.deliveries.filter(status=Delivery.Status.PENDING).values_list("pk", flat=True))
    found.delete()


@transaction.atomic
def rotate_endpoint_secret(*, actor: User, endpoint: WebhookEndpoint, overlap_h: int = 24) -> str:
    """Return the new secret, shown this once; for ``overlap_h`` hours what is sent is signed with the former one as well."""
    require_permission(actor, CHANGE)
    if not 0 <= overlap_h <= MAX_OVERLAP_H:
        raise invalid("overlap_h", f"The overlap is 0 to {MAX_OVERLAP_H} hours.")
    found = locked_endpoint(endpoint.pk)
    secret = new_secret()
    found.encrypted_secrets = _rotated(found.encrypted_secrets, secret, timedelta(hours=overlap_h))
    found.save(update_fields=["encrypted_secrets", "updated_at"])
    return secret


def locked_endpoint(pk: UUID) -> WebhookEndpoint:
    """Return the endpoint, its row locked until the end of the transaction; raise NotFound."""
    found = WebhookEndpoint.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if found is None:
        raise NotFound("The endpoint does not exist any more.")
    return found


def _checked(fields: Json) -> Json:
    if "url" in fields:
        _require_callable(fields["url"])
    if "events" in fields:
        fields = {**fields, "events": _known(fields["events"])}
    return fields


def _require_callable(url: str) -> None:
    """Raise for an address that may not be called now; it is checked again whenever something is sent."""
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise invalid("url", "The port is not a number from 1 to 65535.") from error
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.password or parts.fragment:
        raise invalid("url", "Enter an address such as https://example.com/hooks, without name and password.")
    if parts.scheme == "http" and not is_allowed(host, port):
        raise invalid("url", "The address begins with https://, so that nobody on the way reads what is sent.")
    try:
        require_reachable(host, port)
    except NexodError as error:
        raise invalid("url", error.message) from error


def _known(events: list[str]) -> list[str]:
    if unknown := [event for event in events if event not in EVENTS]:
        raise invalid("events", f"There is no event {unknown[0]!r}; there are {', '.join(EVENTS)}.")
    if not events:
        raise invalid("events", "Choose at least one event.")
    return [event for event in EVENTS if event in events]


def _rotated(stored: list[Json], secret: str, overlap: timedelta) -> list[Json]:
    now = due_times.database_now()
    return rotated(stored, secret, bound_to=current_tenant().schema_name, now=now, until=now + overlap)
