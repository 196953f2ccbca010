"""A step of a run that is bound to a case: its calls are answered from what was recorded, never guessed.

A strict replay opens no socket: a call that was not recorded so ends the run. A mixed one lets such a call go live.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any

from nexod.kernel.errors import NexodError
from nexod.kernel.run_port import Answer, Performed, Question, SideEffect
from workflows.errors import CallChanged, EffectUnusable
from workflows.evals.asked import anonymous, difference
from workflows.models import RecordedAnswer, Run

Json = dict[str, Any]
QUESTION, WAIT = RecordedAnswer.Kind.QUESTION, RecordedAnswer.Kind.WAIT
TIMER = "timer"


class Replay:
    """What one attempt of a step takes from the case. Asked from any thread that works for the step.

    ``on_change`` is told of a call that differs, before it is raised: whoever asked may swallow errors.
    """

    def __init__(self, run: Run, node: str, visit: int, *, on_change: Callable[[CallChanged], None]) -> None:
        self._run, self._case, self._mode = run.pk, run.case_id, run.replay
        self._node, self._visit = node, visit
        self._on_change = on_change
        self._used: set[int] = set()
        self._lock = threading.Lock()

    @property
    def is_strict(self) -> bool:
        """Say whether nothing may go live."""
        return self._mode == Run.Replay.STRICT

    @property
    def answers_calls(self) -> bool:
        """Say whether calls are answered at all, or only people's decisions are taken over."""
        return self._mode in (Run.Replay.STRICT, Run.Replay.MIXED)

    def call(self, kind: str, name: str, key: str, occurrence: int, asked: Any) -> RecordedAnswer | None:
        """Return what was answered to this call; None: it goes live. Raises CallChanged."""
        if not self.answers_calls:
            return None
        for answer in self._recorded:
            if (answer.kind, answer.key, answer.occurrence) == (kind, key, occurrence):
                with self._lock:
                    self._used.add(answer.position)
                return answer
        if self.is_strict:
            raise self._changed(kind, name, asked)
        return None

    def performed(self, wanted: SideEffect, key: str, occurrence: int, asked: Any) -> Performed | None:
        """Return what the side effect gave when it was recorded, or raise what it ended with; None: it goes live."""
        found = self.call(wanted.kind, wanted.name, key, occurrence, asked)
        if found is None:
            return None
        if found.error is not None:
            raise _again(found.error)
        return Performed(found.result, by_person=found.by_person)

    def decided(self, question: Question, key: str) -> Answer | None:
        """Return what a person decided then; None: somebody is asked. Raises CallChanged for another question."""
        found = next((row for row in self._recorded if row.kind == QUESTION and row.key == key), None)
        asked = anonymous({"title": question.title, "content": question.content}, self._run)
        if found is not None and (not self.is_strict or found.asked == asked):
            return Answer(**(found.result or {}))
        if self.is_strict:
            raise self._changed(QUESTION, question.title, asked, found)
        return None

    def waited(self, kind: str, key: str, asked: Json) -> Json | None:
        """Return how a wait ended then; None: it is waited for. Of a timer nothing is recorded: its time is over at once."""
        if not self.answers_calls:
            return None
        if kind == TIMER:
            return {"over": True}
        found = next((row for row in self._recorded if row.kind == WAIT and row.key == key), None)
        if found is not None and _covers(found.asked, anonymous(asked, self._run)):
            ended: Json = found.result or {}
            return ended
        if self.is_strict:
            raise self._changed(WAIT, key, anonymous(asked, self._run), found)
        return None

    def require_live(self, name: str) -> None:
        """Raise CallChanged when nothing may go over the wire: what comes here was not asked for in the recorded run."""
        if self.is_strict:
            raise self._changed(RecordedAnswer.Kind.MODEL, name, None)

    @cached_property
    def _recorded(self) -> list[RecordedAnswer]:
        found = RecordedAnswer.objects.filter(case=self._case, node=self._node, visit=self._visit)
        return list(found.order_by("position"))

    def _changed(self, kind: str, name: str, asked: Any, found: RecordedAnswer | None = None) -> CallChanged:
        """Return the error that tells what was asked then and now: then is the next one of its kind that nobody took."""
        with self._lock:
            used = set(self._used)
        left = [row for row in self._recorded if row.kind == kind and row.position not in used]
        before = found or next((row for row in left if row.name == name), left[0] if left else None)
        changed = _told(self._node, self._visit, kind, name, asked, before)
        self._on_change(changed)
        return changed


def _covers(recorded: Any, asked: Json) -> bool:
    """Say whether it is the same wait: a run has more inputs than were given where its workflow has defaults."""
    inputs = recorded.get("inputs", {})
    given = asked.get("inputs", {})
    return recorded.get("workflow") == asked.get("workflow") and all(inputs.get(name) == given[name] for name in given)


def _told(node: str, visit: int, kind: str, name: str, asked: Any, before: RecordedAnswer | None) -> CallChanged:
    then = None if before is None else before.asked
    details = {
        "node": node,
        "visit": visit,
        "kind": kind,
        "name": name,
        "recorded_name": "" if before is None else before.name,
        "recorded": before is not None,
        "diff": difference({} if before is None else then, asked),
    }
    label = RecordedAnswer.Kind(kind).label
    if before is None:
        message = f"{label} of {node!r} that was not recorded: {name}"
    elif details["diff"]:
        message = f"{label} of {node!r} differs from what was recorded: {name}"
    else:
        message = f"{label} of {node!r} differs from what was recorded, in something that is not kept: {name}"
    error = CallChanged(message[:500], details=details)
    error.node = node  # type: ignore[attr-defined]
    return error


def _again(told: Json) -> NexodError:
    error = EffectUnusable(told.get("message"), details=told.get("details") or {})
    error.code = told.get("code", EffectUnusable.code)  # type: ignore[misc]
    return error
