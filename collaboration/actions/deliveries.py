"""Deliveries: to webhook endpoints, written with what happened, and to mailboxes; sent by whichever worker claims them."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from collaboration.actions import letters
from collaboration.actions.outbox import announce, claimed_delivery, end
from collaboration.actions.settling import settle
from collaboration.models import Delivery, WebhookEndpoint
from collaboration.notifications import mail
from collaboration.notifications.attempt import Attempt
from collaboration.notifications.catalogue import EVENTS, PING, payload_of
from collaboration.notifications.sending import send
from nexod.kernel.errors import Conflict
from nexod.kernel.happenings import Happening, Listener
from nexod.kernel.rotating_secrets import valid_secrets
from tenants import due_times
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.context import current_tenant
from workflows.actions.hearing import depth_after
from workflows.triggers import depth
from workflows.triggers.event import run_of

CHANGE = "collaboration.change_webhookendpoint"
ASKS = "EXISTS (SELECT FROM collaboration_webhookendpoint WHERE is_enabled)"


class EndpointDisabled(Conflict):
    """The endpoint is disabled. Enable it first."""

    code = "endpoint_disabled"


class NotSentAgain(Conflict):
    """An e-mail is not sent once more: what it told stands in the person's notifications."""

    code = "not_sent_again"


def hear(happening: Happening) -> None:
    """Write a delivery for each endpoint that chose this event, in the transaction in which it is told."""
    if happening.kind not in EVENTS:
        return
    chosen = WebhookEndpoint.objects.filter(is_enabled=True, events__contains=[happening.kind])
    for endpoint in chosen:
        _write(endpoint, happening)


@transaction.atomic
def ping(*, actor: User, endpoint: WebhookEndpoint) -> Delivery:
    """Send a test event, also to an endpoint that is disabled; return its delivery."""
    require_permission(actor, CHANGE)
    data = {"message": f"{actor} tests the endpoint {endpoint.name}."}
    return _write(endpoint, Happening(PING, str(uuid4()), data))


@transaction.atomic
def redeliver(*, actor: User, delivery: Delivery) -> Delivery:
    """Send it once more from the beginning, with the same ``webhook-id``. Raises EndpointDisabled."""
    require_permission(actor, CHANGE)
    found = Delivery.objects.select_for_update(of=("self",)).select_related("endpoint").get(pk=delivery.pk)
    if found.endpoint is None:
        raise NotSentAgain
    if not found.endpoint.is_enabled:
        raise EndpointDisabled
    found.status, found.attempts, found.next_at, found.delivered_at = Delivery.Status.PENDING, 0, None, None
    found.save()
    announce(found)
    return found


def send_delivery(*, delivery_id: UUID) -> Attempt | None:
    """Claim the delivery, send it, and store what came of it; None when it is another worker's, not due yet, or over.

    No transaction is open while it is sent. A worker that dies meanwhile leaves a claim that lapses: it is sent again.
    """
    claimed = claimed_delivery(delivery_id)
    if claimed is None:
        return None
    return _sent(claimed, claimed.endpoint) if claimed.endpoint else _mailed(claimed)


def _sent(claimed: Delivery, endpoint: WebhookEndpoint) -> Attempt | None:
    if not endpoint.is_enabled and claimed.event != PING:
        end(claimed, Delivery.Status.FAILED)
        return None
    now = timezone.now()
    secrets = valid_secrets(endpoint.encrypted_secrets, bound_to=current_tenant().schema_name, now=now)
    id_ = f"msg_{claimed.pk}"
    more = depth.told(depth_after(run_of(claimed.payload.get("data") or {})))
    attempt = send(endpoint.url, claimed.payload, id_=id_, secrets=secrets, timestamp=int(now.timestamp()), more=more)
    settle(claimed, attempt, tried_again=claimed.event != PING)
    return attempt


def _mailed(claimed: Delivery) -> Attempt | None:
    letter = letters.letter_of(claimed)
    if letter is None:
        end(claimed, Delivery.Status.DROPPED)
        return None
    attempt = mail.send(letter)
    settle(claimed, attempt)
    if attempt.is_taken:
        letters.note_sent(letter)
    return attempt


def _write(endpoint: WebhookEndpoint, happening: Happening) -> Delivery:
    """Return the delivery of this to the endpoint; told again, the same row."""
    at = happening.at or due_times.database_now()
    fresh = Delivery(
        endpoint=endpoint,
        event=happening.kind,
        key=f"{happening.kind}:{happening.key}"[:160],
        payload=payload_of(happening, at),
    )
    Delivery.objects.bulk_create([fresh], ignore_conflicts=True)
    found = Delivery.objects.get(endpoint=endpoint, key=fresh.key)
    if found.pk == fresh.pk:
        announce(found)
    return found


WEBHOOKS = Listener("webhooks", ASKS, hear)
