"""Create, change, pause and delete triggers. Whoever changes one answers for whom it acts as."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from agents.actions.rows import saved
from nexod.kernel.rotating_secrets import rotated
from nexod.kernel.standard_webhooks import key_of, new_secret
from tenants import due_times
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.context import current_tenant
from tenants.models import DueTime
from workflows.errors import TargetGone, WorkflowNotPublished
from workflows.models import Trigger, Workflow, WorkflowVersion
from workflows.triggers import registry
from workflows.triggers.base import checked_config, refused
from workflows.triggers.mapping import complaints_of
from workflows.triggers.schedule import ScheduleTrigger
from workflows.triggers.schemes import SCHEMES, STANDARD
from workflows.triggers.times import due_after, spread_s
from workflows.triggers.webhook import WebhookTrigger

Json = dict[str, Any]
CHANGE = "workflows.change_trigger"
MAX_OVERLAP_H = 168
LONGEST_SECRET = 200


@transaction.atomic
def create_trigger(
    *,
    actor: User,
    name: str,
    workflow: Workflow,
    kind: str,
    config: Json | None = None,
    inputs: Json | None = None,
    version: WorkflowVersion | None = None,
    overlap: str = Trigger.Overlap.ALLOW,
    is_enabled: bool = True,
    acts_as: User | None = None,
    secret: str = "",
) -> tuple[Trigger, str]:
    """Return a new trigger and, of a webhook, its secret, which is shown this once.

    Raises PermissionDenied, InvalidInput with each field, WorkflowNotPublished, NotFound for an unknown kind.
    """
    require_permission(actor, "workflows.add_trigger")
    trigger = Trigger(kind=registry.get(kind).kind)
    shown = ""
    given = {"name": name, "workflow": workflow, "version": version, "overlap": overlap, "is_enabled": is_enabled}
    fields = _checked(
        actor, trigger, {**given, "config": config or {}, "inputs": inputs or {}, "acts_as": acts_as or actor}
    )
    if trigger.kind == WebhookTrigger.kind:
        shown = _new_secret(fields["config"]["scheme"], secret)
        fields |= {"token": secrets.token_urlsafe(32), "encrypted_secrets": _rotated([], shown, timedelta())}
    saved(trigger, fields)
    schedule(trigger)
    return trigger, shown


@transaction.atomic
def update_trigger(*, actor: User, trigger: Trigger, **changes: Any) -> Trigger:
    """Change what is given of name, workflow, version, config, inputs, overlap, is_enabled and acts_as; the kind stays.

    Raises what ``create_trigger`` raises. Who changes one that acts as somebody else must be allowed to change people.
    """
    require_permission(actor, CHANGE)
    found = locked_trigger(trigger.pk)
    if changes.get("config") is not None and found.kind == WebhookTrigger.kind:
        _require_same_scheme(found, changes["config"])
    before = (found.config, found.is_enabled)
    saved(found, _checked(actor, found, changes))
    if (found.config, found.is_enabled) != before:
        schedule(found)
    return found


@transaction.atomic
def set_enabled(*, actor: User, trigger: Trigger, is_enabled: bool) -> Trigger:
    """Pause the trigger or let it go on; what a schedule missed meanwhile is not made up for."""
    require_permission(actor, CHANGE)
    found = locked_trigger(trigger.pk)
    if found.is_enabled != is_enabled:
        found.is_enabled = is_enabled
        found.save(update_fields=["is_enabled", "updated_at"])
        schedule(found)
    return found


@transaction.atomic
def delete_trigger(*, actor: User, trigger: Trigger) -> None:
    """Delete the trigger with its firings; runs that it started stay."""
    require_permission(actor, "workflows.delete_trigger")
    found = locked_trigger(trigger.pk)
    due_times.clear_due([found.pk, *found.firings.pending().values_list("pk", flat=True)])
    found.delete()


@transaction.atomic
def rotate_secret(*, actor: User, trigger: Trigger, secret: str = "", overlap_h: int = 24) -> str:
    """Return the new secret of a webhook, shown this once; the one before it is taken for ``overlap_h`` hours more."""
    require_permission(actor, CHANGE)
    found = locked_trigger(trigger.pk)
    _require_own(actor, found.acts_as)
    if found.kind != WebhookTrigger.kind:
        raise refused([("kind", "Only a webhook has a secret.")])
    if not 0 <= overlap_h <= MAX_OVERLAP_H:
        raise refused([("overlap_h", f"The overlap is 0 to {MAX_OVERLAP_H} hours.")])
    new = _new_secret(found.config["scheme"], secret)
    found.encrypted_secrets = _rotated(found.encrypted_secrets, new, timedelta(hours=overlap_h))
    found.save(update_fields=["encrypted_secrets", "updated_at"])
    return new


def schedule(trigger: Trigger, after: datetime | None = None) -> None:
    """Set when the trigger is next due, after a time or from now on; nothing but an enabled schedule ever is."""
    due = None
    if trigger.kind == ScheduleTrigger.kind and trigger.is_enabled:
        due = due_after(trigger.config, after or due_times.database_now())
    trigger.next_due = due
    Trigger.objects.filter(pk=trigger.pk).update(next_due=due)
    if due is None:
        due_times.clear_due([trigger.pk])
    else:
        due_times.set_due(DueTime.Kind.SCHEDULE, trigger.pk, put_off(trigger, due))


def put_off(trigger: Trigger, due: datetime) -> datetime:
    """Return when a due time is acted upon: later by its share of the jitter, and before the next one."""
    limit_s = trigger.config["jitter_s"]
    following = due_after(trigger.config, due) if limit_s else None
    if following is not None:
        limit_s = min(limit_s, (following - due).total_seconds())
    return due + timedelta(seconds=spread_s(str(trigger.pk), due, limit_s))


def locked_trigger(pk: UUID) -> Trigger:
    """Return the trigger, its row locked until the end of the transaction; raise TargetGone."""
    rows = Trigger.objects.select_for_update(no_key=True, of=("self",)).select_related("workflow", "acts_as", "version")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise TargetGone("The trigger does not exist any more.")
    return found


def _checked(actor: User, trigger: Trigger, changes: Json) -> Json:
    """Return the changes as they are stored; raise for what does not fit together."""
    after = {**{name: getattr(trigger, name, None) for name in ("acts_as", "config", "inputs", "version")}, **changes}
    _require_own(actor, after["acts_as"])
    workflow = changes.get("workflow") or trigger.workflow
    if "workflow" in changes and "version" not in changes and after["version"]:
        after["version"] = changes["version"] = None
    if "config" in changes:
        changes = {**changes, "config": checked_config(registry.get(trigger.kind), changes["config"])}
    found = complaints_of(after["inputs"], _definition(workflow, after["version"]).get("inputs") or {})
    if found and {"inputs", "workflow", "version"} & set(changes):
        raise refused(found)
    return changes


def _definition(workflow: Workflow, version: WorkflowVersion | None) -> Json:
    if version is not None and (version.workflow_id != workflow.pk or version.is_draft):
        raise refused([("version", "This is no published version of the workflow.")])
    version = version or workflow.published
    if version is None:
        raise WorkflowNotPublished
    definition: Json = version.definition
    return definition


def _require_own(actor: User, acts_as: User | None) -> None:
    """Everybody may lend a trigger their own rights; somebody else's, only who may change people."""
    if acts_as != actor:
        require_permission(actor, "accounts.change_user")


def _require_same_scheme(trigger: Trigger, config: Json) -> None:
    if isinstance(config, dict) and config.get("scheme", STANDARD) != trigger.config["scheme"]:
        raise refused([("config.scheme", "The signature's scheme stays: its secret is of no use to another one.")])


def _new_secret(scheme: str, given: str) -> str:
    given = given.strip()
    if not given and not SCHEMES[scheme].makes_secret:
        raise refused([("secret", f"{SCHEMES[scheme].title} tells you the secret: give it here.")])
    if len(given) > LONGEST_SECRET or (given and len(given) < 8) or not given.isascii():
        raise refused([("secret", f"A secret has 8 to {LONGEST_SECRET} ASCII characters.")])
    if given and scheme == STANDARD:
        try:
            key_of(given)
        except ValueError as error:
            raise refused([("secret", str(error))]) from error
    return given or (new_secret() if scheme == STANDARD else secrets.token_urlsafe(32))


def _rotated(stored: list[Json], secret: str, overlap: timedelta) -> list[Json]:
    now = due_times.database_now()
    return rotated(stored, secret, bound_to=current_tenant().schema_name, now=now, until=now + overlap)
