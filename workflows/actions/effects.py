"""The only writer of effects. Each write is one statement that hangs on the run's fence and on how the row was read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from nexod.kernel import events
from workflows.actions.approval_record import withdraw
from workflows.actions.events import append_events
from workflows.actions.statements import Statement, insert_of, update_of
from workflows.actions.waking import wake
from workflows.errors import ApprovalWithdrawn
from workflows.models import Approval, Effect

# The row lock keeps a newer claim waiting until this is committed; what is older finds no row, and writes nothing.
HELD = "WITH grown AS (SELECT id FROM workflows_run WHERE id = %s AND fence = %s FOR SHARE) "
BEGUN = ("status", "begun", "fence", "idempotent", "started_at", "finished_at", "error", "answer", "updated_at")
SETTLED = ("status", "result", "error", "finished_at", "updated_at")
PLACE = "ON CONFLICT (step_id, key, occurrence)"
# An answer that was refused makes room for the next one; any other stays.
ANSWERED_ANEW = (
    f" {PLACE} DO UPDATE SET status = EXCLUDED.status, result = EXCLUDED.result, fence = EXCLUDED.fence, error = NULL,"
    " begun = workflows_effect.begun + 1, started_at = EXCLUDED.started_at, finished_at = EXCLUDED.finished_at,"
    " updated_at = EXCLUDED.updated_at WHERE workflows_effect.status = 'failed'"
)
OPEN = (Effect.Status.STARTED, Effect.Status.UNKNOWN)


def idempotency_key(effect: Effect) -> str:
    """Return what other services know the effect by: the same however often it is begun."""
    made_of = f"{effect.run_id}/{effect.step_id}/{effect.key}/{effect.occurrence}"
    return hashlib.sha256(made_of.encode()).hexdigest()[:40]


def begin_effect(effect: Effect, *, fence: int) -> bool:
    """Store that the effect, new or read before, begins now; False when somebody else has begun it or claimed the run."""
    was = (effect.status, effect.begun)
    is_new = effect._state.adding
    effect.status, effect.begun, effect.fence = Effect.Status.STARTED, 1 if is_new else effect.begun + 1, fence
    effect.started_at, effect.finished_at, effect.error, effect.answer = timezone.now(), None, None, ""
    if is_new:
        sql, values = insert_of(effect)
        written = _written(effect.run_id, fence, (f"{sql} {PLACE} DO NOTHING", values))
    else:
        written = _written(effect.run_id, fence, _where(update_of(effect, BEGUN), was[1], [was[0]]))
    effect._state.adding = False
    return written


def settle_effect(effect: Effect, told: Sequence[events.Event], *, fence: int) -> None:
    """Store how the effect went, with the events that tell it. Raises RunLost when the run is another worker's."""
    along = [_where(update_of(effect, SETTLED), effect.begun, OPEN)]
    append_events(effect.run_id, told, along=along, fence=fence)


@transaction.atomic
def settle_late(effect: Effect, queue: str, *, fence: int) -> bool:
    """Store how an effect went whose step was given up meanwhile; a question about it is not needed any more.

    False when it was begun again or answered by then, or when the run is another worker's: nothing is written.
    """
    if not _written(effect.run_id, fence, _where(update_of(effect, SETTLED), effect.begun, OPEN)):
        return False
    asked = Approval.objects.filter(effect=effect).pending()
    if effect.status != Effect.Status.UNKNOWN and withdraw(asked, because="known_by_now"):
        wake(effect.run_id, queue)
    return True


def is_settled(effect: Effect) -> bool:
    """Say whether the database has what this row says, for a writer who did not hear its answer."""
    return Effect.objects.filter(pk=effect.pk, begun=effect.begun, status=effect.status).exists()


def refuse_answer(effect_id: UUID, run_id: UUID, *, fence: int) -> None:
    """Let a model call be made anew: the step failed over what it had answered."""
    sql = "UPDATE workflows_effect SET status = 'failed' FROM grown WHERE workflows_effect.id = %s"
    _written(run_id, fence, (sql, [effect_id]))


def give_up_effect(effect: Effect, *, fence: int) -> None:
    """Note that a person's word was obeyed; when the step is tried again, he is asked again."""
    effect.status, effect.updated_at = Effect.Status.UNKNOWN, timezone.now()
    statement = _where(update_of(effect, ("status", "updated_at")), effect.begun, [Effect.Status.ANSWERED])
    _written(effect.run_id, fence, statement)


def answer_of_model(effect: Effect) -> Statement:
    """Return the statement that stores a model's answer along with the events that tell it."""
    sql, values = insert_of(effect)
    return f"{sql}{ANSWERED_ANEW}", values


def keep_answer(effect: Effect, *, fence: int) -> None:
    """Store a model's answer that came when its step was given up already: the next try need not pay for it."""
    _written(effect.run_id, fence, answer_of_model(effect))


def answer_effect(effect_id: UUID, *, answer: str, result: Any) -> None:
    """Store what a person said of an effect whose outcome is unknown. Raises ApprovalWithdrawn when it is known by now."""
    effect = Effect.objects.select_for_update().get(pk=effect_id)
    if effect.status != Effect.Status.UNKNOWN:
        raise ApprovalWithdrawn("What came of it is known by now.")
    effect.status, effect.answer, effect.result = Effect.Status.ANSWERED, answer, result
    effect.save()


def _where(statement: Statement, begun: int, statuses: Sequence[str]) -> Statement:
    """Let an UPDATE hang on how the row was read: compare and set."""
    sql, values = statement
    compared = ' AND "workflows_effect"."begun" = %s AND "workflows_effect"."status" = ANY(%s)'
    return sql + compared, [*values, begun, list(map(str, statuses))]


def _written(run_id: UUID, fence: int, statement: Statement) -> bool:
    sql, values = statement
    with connection.cursor() as cursor:
        cursor.execute(HELD + sql, [run_id, fence, *values])
        return bool(cursor.rowcount)
