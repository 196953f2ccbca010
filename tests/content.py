"""One row of everything that a tenant can have, for tests that ask who sees it. Use inside the tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.utils import timezone

from agents.knowledge.files import files
from agents.models import Agent, Chunk, Crew, CrewTask, Document, KnowledgeBase, ModelConnection
from agents.models.document import DIMENSIONS
from collaboration.models import Notification
from tenants.accounts.actions.api_keys import issue_api_key
from tenants.accounts.models import ApiKey, IdempotencyKey, User
from workflows.models import Approval, Artifact, Effect, Run, RunEvent, Step, Workflow, WorkflowVersion

GREETING: dict[str, Any] = {
    "format": "nexod.workflow/1",
    "name": "Greeting",
    "inputs": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
    "start": "greet",
    "nodes": [
        {"id": "greet", "type": "template", "config": {"template": "Hello {{ inputs.name }}"}},
        {"id": "ask", "type": "approval", "config": {"title": "Good?", "content": "{{ nodes.greet.text }}"}},
        {"id": "end", "type": "output", "config": {"outputs": {"text": {"cel": "nodes.ask.content"}}}},
    ],
    "edges": [{"from": "greet", "to": "ask"}, {"from": "ask", "to": "end"}],
}


@dataclass(frozen=True, slots=True)
class Content:
    """The rows that ``fill`` made."""

    user: User
    api_key: ApiKey
    connection: ModelConnection
    knowledge_base: KnowledgeBase
    document: Document
    agent: Agent
    crew: Crew
    workflow: Workflow
    version: WorkflowVersion
    run: Run
    step: Step
    effect: Effect
    approval: Approval
    artifact: Artifact
    notification: Notification


def fill(user: User, *, mark: str = "one") -> Content:
    """Make one of everything for ``user``; ``mark`` keeps names apart when called again."""
    connection = ModelConnection.objects.create(slug=f"model-{mark}", name=f"Model {mark}", model_names=["m"])
    base = KnowledgeBase.objects.create(slug=f"docs-{mark}", name=f"Docs {mark}")
    agent = Agent.objects.create(slug=f"agent-{mark}", name=f"Agent {mark}", role="r", goal="g", connection=connection)
    agent.knowledge_bases.add(base)
    crew = Crew.objects.create(slug=f"crew-{mark}", name=f"Crew {mark}")
    for order in (1, 2):
        CrewTask.objects.create(
            crew=crew, slug=f"t{order}", order=order, description="d", expected_output="e", agent=agent
        )
    workflow, version = _workflow(user, mark)
    run = Run.objects.create(
        kind="workflow", workflow=workflow, version=version, title=f"Greeting {mark}", definition=GREETING,
        inputs={"name": mark}, status="waiting", waiting_for="approval", started_by=user,
    )  # fmt: skip
    step = Step.objects.create(run=run, node="ask", node_type="approval", status="waiting", inputs={"a": 1})
    end = Step.objects.create(run=run, node="end", node_type="output", status="completed", output={"text": "Hi"})
    return Content(
        user=user,
        api_key=issue_api_key(actor=user, user=user, name=f"key {mark}", scopes=["read"])[0],
        connection=connection,
        knowledge_base=base,
        document=_document(base, user, mark),
        agent=agent,
        crew=crew,
        workflow=workflow,
        version=version,
        run=run,
        step=step,
        effect=Effect.objects.create(
            run=run, step=step, key=mark, kind="http", name="POST example.com", status="done", result={"status": 200}
        ),
        approval=Approval.objects.create(
            run=run,
            step=step,
            title=f"Good? {mark}",
            content="Hello",
            roles=["owner", "approver"],
            decisions=["approve", "edit", "reject"],
            decided_by=None,
        ),
        artifact=Artifact.objects.create(run=run, step=end, name=f"{mark}.md", content="# Hello", bytes=7),
        notification=Notification.objects.create(user=user, kind="approval.requested", title=mark, key=mark),
    )


def fill_all(user: User) -> Content:
    """Make what ``fill`` makes, and a row of what nobody makes by hand: events, recorded answers, sessions, the log."""
    content = fill(user)
    RunEvent.objects.create(run=content.run, seq=1, type="run.created", at=timezone.now())
    IdempotencyKey.objects.create(caller="user", key="k", fingerprint="f")
    Session.objects.create(session_key="s" * 32, session_data="x", expire_date=timezone.now())
    type_ = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(user=user, content_type=type_, object_repr="x", action_flag=ADDITION)
    return content


def _workflow(user: User, mark: str) -> tuple[Workflow, WorkflowVersion]:
    workflow = Workflow.objects.create(slug=f"greeting-{mark}", name=f"Greeting {mark}")
    WorkflowVersion.objects.create(workflow=workflow, definition=GREETING, author=user)
    version = WorkflowVersion.objects.create(
        workflow=workflow, number=1, definition=GREETING, author=user, published_at=timezone.now()
    )
    workflow.published = version
    workflow.save()
    return workflow, version


def _document(base: KnowledgeBase, user: User, mark: str) -> Document:
    document = Document.objects.create(
        knowledge_base=base, name=f"{mark}.md", content_hash=mark, storage_key=f"documents/{mark}", uploaded_by=user,
        status="ready",
    )  # fmt: skip
    files.save(document.storage_key, ContentFile(b"Hi"))
    Chunk.objects.create(
        document=document, knowledge_base=base, ordinal=0, start=0, end=2, text="Hi", content_hash=mark,
        embedding=[0.1] * DIMENSIONS,
    )  # fmt: skip
    return document
