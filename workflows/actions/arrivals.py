"""What arrives at a trigger's own address: checked, kept as it came, and a run started, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from nexod.kernel.errors import NotFound
from nexod.kernel.rotating_secrets import valid_secrets
from tenants import due_times
from tenants.context import current_tenant
from workflows.actions.event_facts import parsed
from workflows.actions.firings import admit, settle
from workflows.actions.pruning import prune
from workflows.actions.triggers import locked_trigger
from workflows.json_text import storable
from workflows.models import Firing, Trigger
from workflows.triggers.depth import HEADER, heard
from workflows.triggers.schemes import Arrival, verified_id
from workflows.triggers.webhook import WebhookTrigger

Json = dict[str, Any]
MAX_PAYLOAD_BYTES = 1024 * 1024
# Which headers runs may use: none that tells a secret.
KEPT_HEADERS = frozenset({"content-type", "user-agent"})
KEPT_PREFIXES = ("x-github-event", "x-github-delivery", "x-slack-retry", "webhook-id", "webhook-timestamp", "x-event")
LONGEST_HEADER, LONGEST_TOKEN = 500, 64


def trigger_at(token: str) -> Trigger:
    """Return the webhook trigger whose address ends so; raise NotFound."""
    rows = Trigger.objects.select_related("workflow", "acts_as", "version").filter(kind=WebhookTrigger.kind)
    found = rows.filter(token=token).first() if len(token) <= LONGEST_TOKEN and token.isprintable() else None
    if found is None:
        raise NotFound("There is no webhook at this address.")
    return found


def receive(trigger: Trigger, *, headers: Mapping[str, str], body: bytes, counted: Callable[[], None]) -> Firing:
    """Return the firing of what arrived: started, or why not. What arrived before is told apart and starts nothing.

    ``headers`` have lower-case names; ``counted`` is called for what is signed, before anything is stored of it, and may refuse
    it. Raises SignatureRefused.
    """
    key = verified(trigger, headers=headers, body=body)
    counted()
    with transaction.atomic():
        if trigger.overlap != Trigger.Overlap.ALLOW:
            trigger = locked_trigger(trigger.pk)
        kept = {"event": {"id": key, "headers": _kept(headers)}, "payload": body, "payload_bytes": len(body)}
        kept["depth"] = heard(headers.get(HEADER, ""))
        firing, is_new = admit(trigger, source=Firing.Source.WEBHOOK, key=storable(key), **kept)
        if is_new:
            found = settle(firing, trigger, event={**firing.event, **parsed(headers.get("content-type", ""), body)})
        else:
            found = _duplicate(trigger, firing)
        prune(trigger)
        return found


def challenge_of(trigger: Trigger, body: bytes) -> str | None:
    """Return what Slack wants to hear back when an address is entered there; None for anything else."""
    if trigger.config["scheme"] != "slack" or b"url_verification" not in body:
        return None
    found = parsed("application/json", body)["body"]
    is_one = isinstance(found, dict) and found.get("type") == "url_verification"
    return str(found.get("challenge", ""))[:LONGEST_HEADER] if is_one else None


def verified(trigger: Trigger, *, headers: Mapping[str, str], body: bytes) -> str:
    """Return the id of what somebody sent who knows the secret; raise SignatureRefused."""
    now = due_times.database_now()
    secrets = valid_secrets(trigger.encrypted_secrets, bound_to=current_tenant().schema_name, now=now)
    arrival = Arrival(headers, body, now.timestamp(), trigger.config["tolerance_s"])
    return verified_id(trigger.config["scheme"], secrets, arrival)


def _duplicate(trigger: Trigger, first: Firing) -> Firing:
    reason = {"code": "seen_before", "message": "This event has arrived before.", "details": {"firing": str(first.pk)}}
    return Firing.objects.create(
        trigger=trigger, source=Firing.Source.WEBHOOK, key=first.key, outcome=Firing.Outcome.DEDUPLICATED, reason=reason
    )


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: storable(value[:LONGEST_HEADER])
        for name, value in headers.items()
        if name in KEPT_HEADERS or name.startswith(KEPT_PREFIXES)
    }
