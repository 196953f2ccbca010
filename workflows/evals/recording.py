"""What a case takes over from a run: its answers in their order, without secrets, in a bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nexod.kernel.errors import TooLarge
from workflows.evals.asked import anonymous, kept
from workflows.evals.secrecy import Censor
from workflows.json_text import json_text
from workflows.models import Approval, Effect, RecordedAnswer, Run, Wait

Json = dict[str, Any]
MAX_ANSWERS, MAX_CASE = 2_000, 4_000_000
# Its outcome was never known, or nobody asked: there is nothing to replay.
OPEN = (Effect.Status.STARTED,)


def recorded_answers(run: Run, censor: Censor) -> list[RecordedAnswer]:
    """Return what was answered in the steps that stand, not yet saved. Raises TooLarge."""
    found = [*_effects(run, censor), *_decisions(run, censor), *_waits(run, censor)]
    found.sort(key=lambda pair: pair[0])
    if len(found) > MAX_ANSWERS:
        raise TooLarge(f"The run has {len(found):,} recorded answers; a case has at most {MAX_ANSWERS:,}.")
    answers = [answer for _, answer in found]
    for position, answer in enumerate(answers, 1):
        answer.position = position
    require_size([[answer.asked, answer.result, answer.error] for answer in answers])
    return answers


def require_size(value: Any) -> None:
    """Raise TooLarge for more JSON than a case may hold."""
    size = len(json_text(value))
    if size > MAX_CASE:
        raise TooLarge(f"A case may hold {MAX_CASE:,} characters; this has {size:,}.", details={"limit": MAX_CASE})


def _effects(run: Run, censor: Censor) -> Iterator[tuple[Any, RecordedAnswer]]:
    rows = Effect.objects.filter(run=run.pk, step__superseded=False, step__undoes=None).exclude(status__in=OPEN)
    for effect in rows.select_related("step").defer("step__inputs", "step__output"):
        # A model's refused answer is replayed as it was: the step fails over it as it did then.
        by_person = effect.status == Effect.Status.ANSWERED
        answer = RecordedAnswer(
            node=effect.step.node,
            visit=effect.step.visit,
            kind=effect.kind,
            name=censor.clean(effect.name),
            key=effect.key,
            occurrence=effect.occurrence,
            asked=kept(effect.asked, censor),
            result=censor.clean(effect.result),
            error=None if effect.kind == Effect.Kind.MODEL else censor.clean(effect.error),
            by_person=by_person,
        )
        yield (effect.created_at, str(effect.pk)), answer


def _decisions(run: Run, censor: Censor) -> Iterator[tuple[Any, RecordedAnswer]]:
    rows = Approval.objects.filter(run=run.pk, kind=Approval.Kind.APPROVAL, status=Approval.Status.DECIDED)
    rows = rows.filter(step__superseded=False, step__undoes=None).select_related("step", "decided_by")
    for row in rows.defer("step__inputs", "step__output"):
        content = row.edited_content if row.decision == Approval.Decision.EDIT else row.content
        said = {
            "decision": row.decision,
            "comment": row.comment,
            "content": content,
            "actor": str(row.decided_by or ""),
        }
        answer = RecordedAnswer(
            node=row.step.node,
            visit=row.step.visit,
            kind=RecordedAnswer.Kind.QUESTION,
            name=censor.clean(row.title),
            key=row.key,
            asked=censor.clean(anonymous({"title": row.title, "content": row.content}, run.pk)),
            result=censor.clean(said),
        )
        yield (row.created_at, str(row.pk)), answer


def _waits(run: Run, censor: Censor) -> Iterator[tuple[Any, RecordedAnswer]]:
    rows = Wait.objects.filter(run=run.pk, step__superseded=False, step__undoes=None).exclude(kind=Wait.Kind.TIMER)
    for row in rows.select_related("step", "child__workflow").defer("step__inputs", "step__output"):
        asked: Json = {}
        result: Json = {"over": row.over, "result": row.result}
        if (child := row.child) is not None:
            asked = {"workflow": child.workflow.slug if child.workflow else "", "inputs": child.inputs}
            result = {"status": child.status, "outputs": child.outputs, "error": child.error, "title": child.title}
        assert row.step is not None
        answer = RecordedAnswer(
            node=row.step.node,
            visit=row.step.visit,
            kind=RecordedAnswer.Kind.WAIT,
            name=row.key,
            key=row.key,
            asked=censor.clean(anonymous(asked, run.pk)),
            result=censor.clean(result),
        )
        yield (row.created_at, str(row.pk)), answer
