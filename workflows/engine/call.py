"""What a node gets when it runs: its config, what expressions see, and the two things it may ask of the engine."""

from __future__ import annotations

from functools import partial
from typing import Any

from nexod.kernel import events, topics
from nexod.kernel.identifiers import new_id
from nexod.kernel.queue import enqueue
from tenants.context import current_tenant
from workflows.engine.record import Record
from workflows.json_text import storable
from workflows.models import Approval, Artifact, Step
from workflows.nodes.base import Answer, Question

Json = dict[str, Any]


class Parked(Exception):
    """The node waits for a person; it starts again from its top when the approval is decided."""

    def __init__(self, approval: Approval) -> None:
        super().__init__(str(approval.id))
        self.approval = approval


class Call:
    """``workflows.nodes.base.NodeCall`` of one attempt of one step."""

    def __init__(self, record: Record, values: Json) -> None:
        self._record = record
        self._asked = False
        self.artifacts: list[Artifact] = []
        self.run_id = str(record.step.run_id)
        self.step_id = str(record.step.id)
        self.node = record.plan.id
        self.visit = record.step.visit
        self.config = record.plan.node.config
        self.values = values
        self.routes = record.plan.routes

    def ask(self, question: Question) -> Answer:
        """Return what a person decided; raise Parked until somebody has. The approval's row is the truth, so asking again
        after a crash, a redelivery or a second wake-up changes nothing."""
        if self._asked:
            raise RuntimeError(f"The node {self.node!r} asked twice; a step has one approval.")
        self._asked = True
        approval = self._existing()
        if approval is None or approval.status == Approval.Status.WITHDRAWN:
            approval = self._request(question, approval)
        if approval.status != Approval.Status.DECIDED:
            raise Parked(approval)
        return Answer(
            decision=approval.decision,
            comment=approval.comment,
            content=approval.edited_content,
            actor=str(approval.decided_by or ""),
        )

    def publish(self, *, name: str, media_type: str, content: str) -> str:
        """Return the id of a new artifact, which is stored together with the end of the step."""
        if self.artifacts:
            raise RuntimeError(f"The node {self.node!r} published twice; a step has one artifact.")
        text = storable(content)
        artifact = Artifact(
            id=new_id(),
            run_id=self._record.step.run_id,
            step=self._record.step,
            name=storable(name)[:200],
            media_type=media_type,
            content=text,
            bytes=len(text.encode()),
        )
        self.artifacts.append(artifact)
        return str(artifact.id)

    def _existing(self) -> Approval | None:
        if not self._record.stored:
            return None
        return Approval.objects.select_related("decided_by").filter(step=self._record.step).first()

    def _request(self, question: Question, withdrawn: Approval | None) -> Approval:
        """Store the approval together with the waiting step, and tell everybody; a withdrawn one is opened again."""
        step = self._record.step
        approval = withdrawn or Approval(run_id=step.run_id, step=step)
        approval.status = Approval.Status.PENDING
        approval.title = storable(question.title)[:200]
        approval.content = storable(question.content)
        approval.instructions = storable(question.instructions)
        approval.roles = list(question.roles)
        approval.decisions = list(question.decisions)
        step.status = Step.Status.WAITING
        requested = events.ApprovalRequested(
            node=step.node, step=str(step.id), approval=str(approval.id), title=approval.title
        )
        self._record.write(requested, also=partial(_store, approval))
        return approval


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
