"""What one attempt of a step asks people, of nodes, crews and tools alike. The approval's row is the truth: asking again
after a crash changes nothing."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from django.db.models import Q

from agents.models import Budget
from nexod.kernel import events, topics
from nexod.kernel.errors import StopsRun
from nexod.kernel.json_schemas import usable
from nexod.kernel.run_port import Answer, Question
from tenants.context import current_tenant
from tenants.messages import enqueue_kept
from tenants.models import DueTime
from workflows.actions.approval_times import begin
from workflows.actions.approvals.asking import ask, note_asked
from workflows.actions.approvals.recounting import TOO_FEW
from workflows.engine.parked import AskedPerson
from workflows.engine.record import Record
from workflows.engine.replaying import replay_of
from workflows.errors import ApprovalOverdue, ApproversMissing
from workflows.json_text import storable
from workflows.models import Approval, Effect, Step

NODE = "node"
MAX_KEY, MAX_SUBJECT = 100, 120
MAX_CONTENT = 500_000
CUT = "\n\n… (The rest is too long to be shown.)"


class Questions:
    """Counts the questions of the attempt: the first one under a key is the same approval in every attempt."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._asked: Counter[str] = Counter()
        self._replay = replay_of(record)
        self._lock = threading.Lock()
        self.values: Mapping[str, Any] = {}
        """What the expressions of policies see."""

    def ask(self, question: Question) -> Answer:
        """Return what was decided; raise AskedPerson until it is, ApprovalOverdue when it was not in time and that is a failure."""
        key = question.key[:MAX_KEY]
        with self._lock:
            self._asked[key] += 1
            key = f"{key}#{self._asked[key]}"
        if self._replay and (decided := self._replay.decided(question, key)):
            return decided
        approval = self._found(Q(key=key))
        if approval is None or approval.status == Approval.Status.WITHDRAWN:
            approval = self._request(question, approval or self._new(key))
        if approval.status != Approval.Status.DECIDED:
            raise AskedPerson(approval)
        if approval.kind == Approval.Kind.APPROVAL and approval.decision == Approval.Decision.FAIL:
            raise _undecided(approval)
        return Answer(
            decision=approval.decision,
            comment=approval.comment,
            content=approval.edited_content if approval.decision == Approval.Decision.EDIT else approval.content,
            actor=str(approval.decided_by or ""),
            by=str(approval.decided_by_id or ""),
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

    def is_refused_more(self, question: Question, budget: Budget, allowance: Decimal, exceeded: events.Event) -> bool:
        """Say whether this attempt was refused what a budget does not allow; else park the run until somebody has decided.

        What was allowed is in the budget's rows: a call that still does not fit is asked about anew.
        """
        with self._lock:
            asked = Approval.objects.filter(step=self._record.step, budget=budget).order_by("created_at", "id")
            newest = asked.last()
            if newest is not None and newest.status == Approval.Status.PENDING:
                raise AskedPerson(newest)
            rejected = newest is not None and newest.decision == Approval.Decision.REJECT
            if newest is not None and rejected and newest.key.startswith(f"{question.key}#"):
                return True
            withdrawn = newest is not None and newest.status == Approval.Status.WITHDRAWN
            new = newest if newest is not None and withdrawn else self._new(f"{question.key}#{asked.count() + 1}")
            new.kind, new.budget, new.allowance = Approval.Kind.BUDGET, budget, allowance
            raise AskedPerson(self._request(question, new, exceeded))

    def _found(self, which: Q) -> Approval | None:
        if not self._record.stored:
            return None
        return Approval.objects.select_related("decided_by").filter(which, step=self._record.step).first()

    def _new(self, key: str) -> Approval:
        return Approval(run_id=self._record.step.run_id, step=self._record.step, key=key)

    def _request(self, question: Question, approval: Approval, *told: events.Event) -> Approval:
        """Store the approval together with the waiting step, and tell everybody; a withdrawn one is opened again."""
        step = self._record.step
        approval.status = Approval.Status.PENDING
        approval.title = storable(question.title)[:200]
        approval.content = bounded(storable(question.content))
        approval.instructions = storable(question.instructions)
        approval.edited_content = ""
        approval.arguments = storable(question.arguments)
        approval.schema = None if question.schema is None else usable(dict(question.schema))
        approval.subject = question.subject[:MAX_SUBJECT]
        approval.previous = self._previous(approval)
        ask(approval, question, self._record.drive.run, self.values)
        approval.decisions = list(question.decisions)
        step.status = Step.Status.WAITING
        requested = events.ApprovalRequested(
            node=step.node, step=str(step.id), approval=str(approval.id), title=approval.title, kind=approval.kind
        )
        self._record.write(*told, requested, also=partial(_store, approval))
        return approval

    def _previous(self, approval: Approval) -> Approval | None:
        """Return what was asked the last time in this place: at the node's last visit, of the same task, or of the same tool."""
        asked = Approval.objects.filter(run=approval.run_id, subject=approval.subject, kind=approval.kind)
        is_node = approval.subject == NODE
        asked = asked.filter(step__node=self._record.step.node) if is_node else asked.filter(step=approval.step_id)
        if not approval.subject.startswith("tool:"):
            asked = asked.filter(key__startswith=f"{approval.key.rpartition('#')[0]}#")
        return asked.exclude(pk=approval.pk).order_by("-created_at", "-id").first()


def bounded(content: str) -> str:
    """Return the content, cut where nobody reads it any more."""
    return content if len(content) <= MAX_CONTENT else content[: MAX_CONTENT - len(CUT)] + CUT


def _store(approval: Approval) -> None:
    """Save it, tell the workspace, and have everybody who may decide notified on commit."""
    approval.save()
    note_asked(approval)
    begin(approval)
    message = {
        "kind": "approval.requested",
        "approval": str(approval.id),
        "run": str(approval.run_id),
        "title": approval.title,
    }
    topics.publish(topics.workspace_topic(current_tenant().pk), message)
    enqueue_kept(DueTime.Kind.ASKED, approval.id)


def _undecided(approval: Approval) -> StopsRun:
    """Return what stops the run where the platform decided that it fails."""
    if approval.comment == TOO_FEW:
        return ApproversMissing(f"Too few people were left to decide {approval.title!r}.")
    return ApprovalOverdue(f"Nobody decided {approval.title!r} in time.")
