"""A person lets a failed run go on: where it failed, or from an earlier step, as it is or after changing something.

Checkpoints are not touched but forgotten: the run starts at its inputs and comes through the rows of the steps that stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from nexod.kernel import events
from tenants import quotas
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from workflows.actions.access import locked_run, permission_of
from workflows.actions.anew import History, edited
from workflows.actions.checkpoints import forget_checkpoints
from workflows.actions.events import append_event
from workflows.actions.waking import wake
from workflows.definitions import parse, prepared_inputs
from workflows.errors import RunNotResumable
from workflows.models import Run, Step, Wait
from workflows.nodes.base import ERROR

Json = dict[str, Any]


@transaction.atomic
def retry_run(
    *,
    actor: User,
    run: Run,
    node: str = "",
    inputs: Json | None = None,
    outputs: Mapping[str, Json] | None = None,
) -> Run:
    """Let a failed run go on, and return it: what is committed is kept, and what failed is tried again.

    With ``node`` its newest step and everything that came after it are done anew; so is what was undone. ``inputs``
    replace the run's, ``outputs`` those of the named nodes, a failed one's too, which is not tried again then. What was
    there before is told by the event. Raises PermissionDenied, RunNotResumable, InputsInvalid or InvalidInput with the
    fields, QuotaExceeded.
    """
    found = locked_run(run.pk)
    require_permission(actor, permission_of(found))
    if found.status != Run.Status.FAILED:
        raise RunNotResumable(f"Only a run that failed can be tried again, and this one is {found.status}.")
    definition = parse(found.definition)
    history = History(found, definition)
    anew = history.anew_from(node)
    prepared = found.inputs if inputs is None else prepared_inputs(definition, inputs)
    changed = edited(definition, [step for step in history.steps if step not in anew], outputs or {})
    quotas.require_run_allowed()
    _tell(found, actor, anew, prepared, changed)
    _do_anew(found, anew)
    _replace(changed)
    _begin_again(found, prepared)
    append_event(found.id, events.RunResumed(actor=actor.email))
    wake(found.id, found.queue)
    return Run.objects.get(pk=found.pk)


def _tell(run: Run, actor: User, anew: list[Step], inputs: Json, changed: dict[Step, Json]) -> None:
    """Keep in the history what there was before; nothing to tell where the run just goes on."""
    if not anew and not changed and inputs == run.inputs:
        return
    before = {step.node: step.output for step in changed}
    nodes = list(dict.fromkeys(step.node for step in anew))
    old = run.inputs if inputs != run.inputs else None
    append_event(run.id, events.RunRetried(actor=actor.email, nodes=nodes, inputs=old, outputs=before))


def _do_anew(run: Run, anew: list[Step]) -> None:
    """Make history of the steps that are done anew and of their undos. What failed, or was not undone, may try again."""
    now = timezone.now()
    Step.objects.filter(Q(pk__in=[step.pk for step in anew]) | Q(part_of__in=anew)).update(
        superseded=True, updated_at=now
    )
    rest = Step.objects.filter(run=run.pk)
    rest.filter(undoes__in=anew).update(superseded=True, updated_at=now)
    failed = rest.standing().filter(undoes=None, status=Step.Status.FAILED).exclude(route=ERROR)
    Wait.objects.filter(step__in=failed).delete()
    failed.update(failures=0)
    rest.filter(undoes__isnull=False, status=Step.Status.FAILED).update(status=Step.Status.CANCELLED, failures=0)


def _replace(changed: dict[Step, Json]) -> None:
    """Store what a person gave in place of what the steps had; one that failed is done with that."""
    for step, output in changed.items():
        Step.objects.filter(pk=step.pk).update(
            output=output,
            route="",
            status=Step.Status.COMPLETED,
            error=None,
            summary="given by hand",
            updated_at=timezone.now(),
        )


def _begin_again(run: Run, inputs: Json) -> None:
    forget_checkpoints(run.id)
    Run.objects.filter(pk=run.pk).update(
        inputs=inputs,
        status=Run.Status.PENDING,
        cancel_requested=False,
        error=None,
        compensation=None,
        finished_at=None,
        seconds_before=F("seconds"),
        updated_at=timezone.now(),
    )
