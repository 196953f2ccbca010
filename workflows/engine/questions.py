"""What one attempt of a step asks people. The approval's row is the truth: asking again after a crash changes nothing."""

from __future__ import annotations

import threading
from collections import Counter
from functools import partial

from django.db.models import Q

from nexod.kernel import events, topics
from nexod.kernel.queue import enqueue
from nexod.kernel.run_port import Answer, Question
from tenants.context import current_tenant
from workflows.engine.parked import AskedPerson
from workflows.engine.record import Record
from workflows.json_text import storable
from workflows.models import Approval, Effect, Step

MAX_KEY = 100
MAX_CONTENT = 500_000
CUT = "\n\n… (The rest is too long to be shown.)"


class Questions:
    """Counts the questions of the attempt: the first one under a key is the same approval in every attempt."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()

    def ask(self, question: Question) -> Answer:
        """Return what a person decided; raise AskedPerson until somebody has."""
        key = question.key[:MAX_KEY]
        with self._lock:
            self._asked[key] += 1
            key = f"{key}#{self._asked[key]}"
        approval = self._found(Q(key=key))
        if approval is None or approval.status == Approval.Status.WITHDRAWN:
            approval = self._request(question, approval or self._new(key))
        if approval.status != Approval.Status.DECIDED:
            raise AskedPerson(approval)
        return Answer(
            decision=approval.decision,
            comment=approval.comment,
            content=approval.edited_content if approval.decision == Approval.Decision.EDIT else approval.content,
            actor=str(approval.decided_by or ""),
        )

    def ask_of(self, effect: Effect, question: Question) -> AskedPerson:
        """Return what parks the run until a person has said what came of the effect; the answer is in the effect's row."""
        asked = Approval.objects.filter(effect=effect)
        found = asked.exclude(status=Approval.Status.DECIDED).first()
        if found is not None and found.status == Approval.Status.PENDING:
            return AskedPerson(found)
        new = self._new(f"{question.key}#{asked.count() + 1}")
        new.kind, new.effect = Approval.Kind.EFFECT, effect
        return AskedPerson(self._request(question, found or new))

    def _found(self, which: Q) -> Approval | None:
        if not self._record.stored:
            return None
        return Approval.objects.select_related("decided_by").filter(which, step=self._record.step).first()

    def _new(self, key: str) -> Approval:
        return Approval(run_id=self._record.step.run_id, step=self._record.step, key=key)

    def _request(self, question: Question, approval: Approval) -> Approval:
        """Store the approval together with the waiting step, and tell everybody; a withdrawn one is opened again."""
        step = self._record.step
        approval.status = Approval.Status.PENDING
        approval.title = storable(question.title)[:200]
        approval.content = bounded(storable(question.content))
        approval.instructions = storable(question.instructions)
        approval.roles = list(question.roles)
        approval.decisions = list(question.decisions)
        step.status = Step.Status.WAITING
        requested = events.ApprovalRequested(
            node=step.node, step=str(step.id), approval=str(approval.id), title=approval.title, kind=approval.kind
        )
        self._record.write(requested, also=partial(_store, approval))
        return approval


def bounded(content: str) -> str:
    """Return the content, cut where nobody reads it any more."""
    return content if len(content) <= MAX_CONTENT else content[: MAX_CONTENT - len(CUT)] + CUT


def _store(approval: Approval) -> None:
    """Save it, tell the workspace, and have everybody who may decide notified on commit."""
    approval.save()
    message = {
        "kind": "approval.requested",
        "approval": str(approval.id),
        "run": str(approval.run_id),
        "title": approval.title,
    }
    topics.publish(topics.workspace_topic(current_tenant().pk), message)
    enqueue("collaboration.notify_approval", approval=str(approval.id))
