"""What one attempt of a step does outside of Nexod: written down before and after, reused when it was done before."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.utils import timezone

from nexod.kernel import events
from nexod.kernel.errors import NexodError
from nexod.kernel.run_port import NotPerformed, Performed, Recall, RunWasCancelled, SideEffect, Unusable
from tenants.context import release_connections
from workflows.actions import effects
from workflows.engine.insisting import insisted
from workflows.engine.questions import Questions
from workflows.engine.record import Record
from workflows.engine.replaying import replay_of
from workflows.engine.unknown import question_about
from workflows.errors import EffectGivenUp, EffectUnusable, RunLost
from workflows.evals import asked
from workflows.json_text import json_text
from workflows.models import Effect

logger = logging.getLogger(__name__)
LONGEST_NAME, LONGEST_ABOUT = 200, 500


class Ledger:
    """The effects of one attempt, from any thread that works for it. The n-th same request is the same effect always."""

    def __init__(self, record: Record, questions: Questions) -> None:
        self._record = record
        self._questions = questions
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.is_fresh = (record.plan.id, record.step.visit) not in record.drive.known and record.step.attempt == 1
        self._last_answer: Effect | None = None
        self._replay = replay_of(record)
        self._requests: dict[tuple[str, int], Any] = {}
        self.closed = False

    def perform(self, wanted: SideEffect, perform: Callable[[str], Any]) -> Performed:
        """Return what the effect gave, before or now; see ``RunPort.effect``."""
        self._last_answer = None
        key, occurrence = self._place(wanted.kind, wanted.name, wanted.request)
        shown = self._shown(wanted.shown)
        if self._replay and (recorded := self._replay.performed(wanted, key, occurrence, shown)):
            return recorded
        effect = self._found(key, occurrence)
        if effect is None:
            effect = self._new(wanted, key, occurrence, shown)
        elif (before := self._settled(effect, wanted)) is not None:
            return before
        self._require_wanted()
        if not effects.begin_effect(effect, fence=self._record.drive.fence):
            self._require_wanted()
            raise RunLost
        release_connections()
        return self._done(effect, perform)

    def recall(self, name: str, request: Any) -> Recall:
        """Return the place of a model call, with what was answered there before the step began again."""
        self._last_answer = None
        key, occurrence = self._place(Effect.Kind.MODEL, name, request)
        if self._replay and (recorded := self._recorded(name, request, key, occurrence)):
            return recorded
        found = self._found(key, occurrence)
        if found is None or found.status != Effect.Status.DONE:
            self._requests[key, occurrence] = request
            return Recall(key, occurrence, name)
        self._last_answer = found
        return Recall(key, occurrence, name, found.result)

    def answer(self, recall: Recall, result: Any, *, seconds: float) -> Effect | None:
        """Return the row of a model's answer, to be stored with what it cost; None for what is too large to be kept."""
        if len(json_text(result)) > settings.NEXOD_MAX_STATE_BYTES:
            logger.warning("A model's answer is too large to be replayed", extra={"run": str(self._record.step.run_id)})
            return None
        now = timezone.now()
        wanted = SideEffect(Effect.Kind.MODEL, recall.name, None, idempotent=True)
        request = self._requests.pop((recall.key, recall.occurrence), None)
        effect = self._new(wanted, recall.key, recall.occurrence, self._shown(asked.of_model(recall.name, request)))
        effect.status, effect.begun, effect.result = Effect.Status.DONE, 1, result
        effect.fence = self._record.drive.fence
        effect.started_at, effect.finished_at = now - timedelta(seconds=seconds), now
        self._last_answer = effect
        return effect

    def require_live(self, name: str) -> None:
        """Raise CallChanged when the run is a strict replay, from which nothing goes over the wire."""
        if self._replay:
            self._replay.require_live(name)

    def failed(self) -> None:
        """The attempt failed: when the last that it had was a model's answer, that one is not replayed to the next."""
        if (last := self._last_answer) is not None:
            step = self._record.step
            place = Effect.objects.filter(step=step.pk, key=last.key, occurrence=last.occurrence).values_list("pk")
            for (pk,) in place:
                effects.refuse_answer(pk, step.run_id, fence=self._record.drive.fence)

    def is_done(self, wanted: SideEffect) -> bool:
        """Say whether the next ``perform`` of the same would find it done."""
        key = self._key(wanted.kind, wanted.name, wanted.request)
        found = self._found(key, self._seen[key] + 1)
        release_connections()
        return found is not None and found.status == Effect.Status.DONE

    def _place(self, kind: str, name: str, request: Any) -> tuple[str, int]:
        key = self._key(kind, name, request)
        with self._lock:
            self._seen[key] += 1
            return key, self._seen[key]

    def _key(self, kind: str, name: str, request: Any) -> str:
        text = json.dumps([kind, name, request], sort_keys=True, default=str)
        text = text.replace(str(self._record.step.run_id), asked.THIS_RUN)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def _found(self, key: str, occurrence: int) -> Effect | None:
        if self.is_fresh:
            return None
        return Effect.objects.filter(step=self._record.step.pk, key=key, occurrence=occurrence).first()

    def _recorded(self, name: str, request: Any, key: str, occurrence: int) -> Recall | None:
        """Return the model's answer in the case that the run is bound to, if it takes it from there."""
        assert self._replay is not None
        shown = self._shown(asked.of_model(name, request)) if self._replay.is_strict else None
        found = self._replay.call(Effect.Kind.MODEL, name, key, occurrence, shown)
        return None if found is None else Recall(key, occurrence, name, found.result)

    def _shown(self, request: Any) -> Any:
        return asked.kept(asked.anonymous(request, self._record.step.run_id))

    def _new(self, wanted: SideEffect, key: str, occurrence: int, shown: Any = None) -> Effect:
        step = self._record.step
        return Effect(
            run_id=step.run_id,
            step_id=step.pk,
            key=key,
            occurrence=occurrence,
            kind=wanted.kind,
            name=wanted.name[:LONGEST_NAME],
            about=wanted.about[:LONGEST_ABOUT],
            idempotent=wanted.idempotent,
            asked=shown,
        )

    def _settled(self, effect: Effect, wanted: SideEffect) -> Performed | None:
        """Return what came of the effect, or None when it is to be done; raise what it raised, or park."""
        effect.idempotent = wanted.idempotent
        if effect.status == Effect.Status.DONE:
            if effect.error:
                raise _again(effect.error)
            return Performed(effect.result)
        if effect.status == Effect.Status.ANSWERED:
            return self._answered(effect)
        if effect.status == Effect.Status.FAILED or wanted.idempotent:
            return None
        raise self._doubt(effect, None)

    def _answered(self, effect: Effect) -> Performed | None:
        if effect.answer == "happened":
            return Performed(effect.result, by_person=True)
        if effect.answer == "again":
            return None
        effects.give_up_effect(effect, fence=self._record.drive.fence)
        raise EffectGivenUp(f"{effect.name}: nobody knows whether it happened, and a person decided to give it up.")

    def _done(self, effect: Effect, perform: Callable[[str], Any]) -> Performed:
        """Perform what was begun, and store how it went."""
        try:
            result = _admitted(perform(effects.idempotency_key(effect)))
        except NotPerformed as refusal:
            self._settle(effect, Effect.Status.FAILED, refusal.reason)
            raise refusal.reason from refusal.__cause__
        except Unusable as done:
            self._settle(effect, Effect.Status.DONE, done.reason)
            raise done.reason from done.__cause__
        except Exception as error:
            if effect.idempotent or self._is_unwanted():
                self._settle(effect, Effect.Status.UNKNOWN, error)
                raise
            raise self._doubt(effect, error) from error
        effect.result = result
        self._settle(effect, Effect.Status.DONE, None)
        return Performed(result)

    def _doubt(self, effect: Effect, error: Exception | None) -> Exception:
        """Return what parks the run until a person has said what came of the effect."""
        if effect.status == Effect.Status.STARTED:
            self._settle(effect, Effect.Status.UNKNOWN, error)
        step = self._record.step
        return self._questions.ask_of(effect, question_about(effect, step.title or step.node))

    def _settle(self, effect: Effect, status: Effect.Status, error: Exception | None) -> None:
        effect.status, effect.finished_at = status, timezone.now()
        effect.error = None if error is None else _told(error)
        reins = self._record.drive.reins
        insisted(partial(self._write, effect), reins, is_written=partial(effects.is_settled, effect))
        release_connections()

    def _write(self, effect: Effect) -> None:
        drive = self._record.drive
        if self._is_unwanted():
            effects.settle_late(effect, drive.run.queue, fence=drive.fence)
        else:
            effects.settle_effect(effect, [_recorded(effect, self._record)], fence=drive.fence)

    def _is_unwanted(self) -> bool:
        return self.closed or self._record.drive.reins.stopped

    def _require_wanted(self) -> None:
        """Raise when nobody waits for the step any more: what was not begun by then is not begun."""
        self._record.drive.reins.check()
        if self.closed:
            raise RunWasCancelled


def _admitted(result: Any) -> Any:
    """Return the result as it will be read again; raise Unusable for what cannot be stored."""
    try:
        text = json_text(result)
    except (TypeError, ValueError, RecursionError) as error:
        raise Unusable(EffectUnusable(f"It was done, but what it gave is not JSON: {error}")) from error
    if len(text) > settings.NEXOD_MAX_STATE_BYTES:
        limit = settings.NEXOD_MAX_STATE_BYTES
        message = f"It was done, but what it gave is larger than {limit:,} characters."
        raise Unusable(EffectUnusable(message, details={"limit": limit, "this": len(text)}))
    return json.loads(text)


def _told(error: Exception) -> dict[str, Any]:
    if isinstance(error, NexodError):
        return error.as_dict()
    return {"code": "internal", "message": f"It broke off ({type(error).__name__}).", "details": {}}


def _again(told: dict[str, Any]) -> NexodError:
    """Return the error that the effect ended with, for a step that comes to it again."""
    error = EffectUnusable(told["message"], details=told["details"])
    error.code = told["code"]  # type: ignore[misc]
    return error


def _recorded(effect: Effect, record: Record) -> events.EffectRecorded:
    begun, ended = effect.started_at, effect.finished_at
    return events.EffectRecorded(
        node=record.step.node,
        step=str(record.step.id),
        effect=str(effect.id),
        kind=effect.kind,
        name=effect.name,
        status=effect.status,
        about=effect.about,
        begun=effect.begun,
        seconds=round((ended - begun).total_seconds(), 3) if begun and ended else 0.0,
    )
