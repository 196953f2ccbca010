"""Callbacks: somebody outside tells a run to go on, with nothing but the address that the run gave out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from nexod.kernel import signing
from nexod.kernel.errors import NotFound
from tenants.addresses import address
from workflows.actions.waking import wake
from workflows.errors import CallbackTaken, RunIsOver
from workflows.json_text import storable
from workflows.models import Run, Step, Wait

PURPOSE = "callback"


def callback_token(run: UUID | str, node: str) -> str:
    """Return what lets its bearer call back that node of the run; it opens in this tenant only."""
    return signing.sign(f"{run}:{node}", purpose=PURPOSE)


def callback_address(run: UUID | str, node: str) -> str:
    """Return where that node of the run is called back: a POST, with JSON or nothing, once."""
    return address(f"/callbacks/{callback_token(run, node)}")


@transaction.atomic
def take_callback(*, token: str, body: Any) -> Run:
    """End what the node waits for, with ``body``, and wake its run; one that has not come there yet finds it there.

    Raises NotFound for a token that was not given out here, RunIsOver, and CallbackTaken for a second one.
    """
    run_id, node = _opened(token)
    run = Run.objects.select_for_update(no_key=True, of=("self",)).only("queue", "status").filter(pk=run_id).first()
    if run is None:
        raise NotFound("There is no such callback.")
    if run.is_over:
        raise RunIsOver(f"The run is {run.status} already.")
    waits = Wait.objects.filter(run=run_id, node=node, kind=Wait.Kind.CALLBACK)
    open_ = waits.open().filter(step__status__in=(Step.Status.WAITING, Step.Status.RUNNING)).first()
    if open_ is not None:
        Wait.objects.filter(pk=open_.pk).update(over=True, result=storable(body))
        wake(run.pk, run.queue)
        return run
    if waits.exists():
        raise CallbackTaken
    Wait.objects.create(run=run, node=node, kind=Wait.Kind.CALLBACK, over=True, result=storable(body))
    return run


def _opened(token: str) -> tuple[UUID, str]:
    try:
        run, _, node = signing.unsign(token, purpose=PURPOSE).partition(":")
        return UUID(run), node
    except (signing.SignatureInvalid, ValueError) as error:
        raise NotFound("There is no such callback.") from error
