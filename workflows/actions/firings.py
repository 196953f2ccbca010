"""Fire triggers: each occasion once, and the run is started in the transaction that says so."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from nexod.kernel.errors import NexodError
from tenants import due_times
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.models import DueTime
from workflows.actions.event_facts import still_overdue, with_outputs, with_payload
from workflows.actions.pruning import prune
from workflows.actions.runs import Target, open_run, start_run
from workflows.actions.triggers import CHANGE, locked_trigger, put_off, schedule
from workflows.models import Firing, Run, Trigger
from workflows.triggers import registry
from workflows.triggers.event import OVERDUE
from workflows.triggers.mapping import mapped
from workflows.triggers.schedule import MOST_CAUGHT_UP, ScheduleTrigger
from workflows.triggers.times import newest_due

Json = dict[str, Any]
START = "workflows.start_firing"
MAX_DEPTH = 5
MAX_QUEUED = 100
# A queued firing is looked at so often, should the end of the run that it waits for go unnoticed.
QUEUED_LOOK_S = 60
# Later than that is missed, and a matter of the schedule's catch-up policy.
GRACE = timedelta(minutes=5)


@transaction.atomic
def fire_schedule(*, trigger_id: UUID) -> list[Firing]:
    """Fire a schedule for what is due, and set its next due time; nothing when another worker has done so."""
    trigger = Trigger.objects.select_for_update(no_key=True).filter(pk=trigger_id, kind=ScheduleTrigger.kind).first()
    if trigger is None or not trigger.is_enabled or trigger.next_due is None:
        due_times.clear_due([trigger_id])
        return []
    now = due_times.database_now()
    if put_off(trigger, trigger.next_due) > now:
        due_times.set_due(DueTime.Kind.SCHEDULE, trigger.pk, put_off(trigger, trigger.next_due))
        return []
    fired = [_fire_due(trigger, due, now) for due in _chosen(trigger, now)]
    schedule(trigger, max(now, trigger.next_due))
    prune(trigger)
    return [firing for firing in fired if firing is not None]


@transaction.atomic
def fire_by_hand(*, actor: User, trigger: Trigger, event: Json | None = None) -> Firing:
    """Fire now with a sample event, or the one given, also while the trigger is paused; return what came of it."""
    require_permission(actor, CHANGE)
    require_permission(actor, "workflows.run_workflow")
    found = locked_trigger(trigger.pk)
    sample = registry.get(found.kind).sample(found.config) if event is None else event
    firing = Firing.objects.create(trigger=found, source=Firing.Source.HAND, key=f"hand:{uuid4()}", event=sample)
    return settle(firing, found, actor=actor)


@transaction.atomic
def start_firing(*, firing_id: UUID) -> Firing | None:
    """Start what a pending firing is for, or leave it waiting; None when nothing of it is pending."""
    waiting = Firing.objects.pending().filter(pk=firing_id).values_list("trigger", flat=True).first()
    trigger = None if waiting is None else locked_trigger(waiting)
    firing = Firing.objects.pending().filter(pk=firing_id).first()
    if trigger is None or firing is None:
        due_times.clear_due([firing_id])
        return None
    if trigger.config.get("event") == OVERDUE and not still_overdue(firing.event):
        due_times.clear_due([firing_id])
        firing.delete()
        return None
    return settle(firing, trigger)


def admit(trigger: Trigger, *, source: Firing.Source, key: str, **fields: Any) -> tuple[Firing, bool]:
    """Return the trigger's firing for the occasion ``key``, and whether it is new."""
    fresh = Firing(trigger=trigger, source=source, key=key, **fields)
    made = Firing.objects.bulk_create([fresh], ignore_conflicts=True)[0]
    found = Firing.objects.light().filter(trigger=trigger, key=key).exclude(outcome=Firing.Outcome.DEDUPLICATED).get()
    return (made, True) if found.pk == made.pk else (found, False)


def settle(firing: Firing, trigger: Trigger, *, actor: User | None = None, event: Json | None = None) -> Firing:
    """Decide what comes of a pending firing and store it; a run is started in the same transaction.

    The trigger's row is locked where its overlap policy needs that. Runs act as the trigger's person, or as ``actor``.
    ``event`` is what the inputs are taken from, where the firing does not hold all of it.
    """
    if reason := _skip_reason(firing, trigger):
        return _closed(firing, Firing.Outcome.SKIPPED, *reason)
    if firing.depth > MAX_DEPTH:
        message = f"{MAX_DEPTH} runs before it started each other by events; this one might go on for ever."
        return _closed(firing, Firing.Outcome.REFUSED, "too_deep", message)
    if trigger.overlap == Trigger.Overlap.QUEUE and firing.source != Firing.Source.HAND and _has_active_run(trigger):
        return _queued(firing, trigger)
    person = actor or trigger.acts_as
    if person is None or not person.is_active:
        return _closed(firing, Firing.Outcome.REFUSED, "nobody_to_act_as", "Whoever it acted as is not here any more.")
    return _started(firing, trigger, person, event or with_payload(firing))


def _started(firing: Firing, trigger: Trigger, person: User, event: Json) -> Firing:
    try:
        with transaction.atomic():
            inputs = mapped(trigger.inputs, with_outputs(event))
            firing.run = _run(trigger, inputs, person)
    except NexodError as error:
        outcome = Firing.Outcome.FAILED if error.status >= 500 else Firing.Outcome.REFUSED
        return _closed(firing, outcome, error.code, error.message, error.details)
    return _closed(firing, Firing.Outcome.STARTED)


def _run(trigger: Trigger, inputs: Json, person: User) -> Run:
    pinned = trigger.version
    if pinned is None:
        return start_run(actor=person, workflow=trigger.workflow, inputs=inputs)
    require_permission(person, "workflows.run_workflow")
    kind, name = Run.Kind.WORKFLOW, trigger.workflow.name
    target = Target(kind, name, pinned.definition, workflow=trigger.workflow, version=pinned)
    return open_run(target, inputs, actor=person)


def _skip_reason(firing: Firing, trigger: Trigger) -> tuple[str, str] | None:
    if firing.source == Firing.Source.HAND:
        return None
    if not trigger.is_enabled:
        return "paused", "The trigger was paused."
    if trigger.overlap == Trigger.Overlap.SKIP and _has_active_run(trigger):
        return "overlap", "A run that it started was not over yet."
    return None


def _queued(firing: Firing, trigger: Trigger) -> Firing:
    """Leave it pending until the run is over that it waits for, which has it started; looked at now and then in any case."""
    if Firing.objects.pending().filter(trigger=trigger).exclude(pk=firing.pk).count() >= MAX_QUEUED:
        return _closed(firing, Firing.Outcome.SKIPPED, "queue_full", f"{MAX_QUEUED} firings wait already.")
    due_times.set_due(DueTime.Kind.FIRING, firing.pk, due_times.later(QUEUED_LOOK_S))
    return firing


def _has_active_run(trigger: Trigger) -> bool:
    return Run.objects.active().filter(firings__trigger=trigger).exists()


def _closed(firing: Firing, outcome: Firing.Outcome, code: str = "", message: str = "", details: Any = None) -> Firing:
    firing.outcome = outcome
    firing.reason = {"code": code, "message": message, "details": details or {}} if code else None
    firing.save(update_fields=["outcome", "reason", "run", "updated_at"])
    due_times.clear_due([firing.pk])
    return firing


def _chosen(trigger: Trigger, now: datetime) -> list[datetime]:
    """Return the due times that are fired for: by the catch-up policy, where some were missed."""
    assert trigger.next_due is not None
    policy = trigger.config["catch_up"]
    limit = trigger.config["catch_up_limit"] if policy == "all" else 1
    return newest_due(trigger.config, trigger.next_due, now, min(limit, MOST_CAUGHT_UP))


def _fire_due(trigger: Trigger, due: datetime, now: datetime) -> Firing | None:
    event = {"due": due.isoformat(), "zone": trigger.config["zone"]}
    firing, is_new = admit(trigger, source=Firing.Source.SCHEDULE, key=due.isoformat(), due=due, event=event)
    if not is_new:
        return None
    if trigger.config["catch_up"] == "none" and now - put_off(trigger, due) > GRACE:
        return _closed(firing, Firing.Outcome.SKIPPED, "missed", "Nexod was away then, and nothing is made up for.")
    return settle(firing, trigger)
