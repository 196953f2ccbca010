"""One row of everything that a tenant can have, for tests that ask who sees it. Use inside the tenant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.utils import timezone

from agents.actions.memories import keep
from agents.content import content_of
from agents.knowledge.chunking import Piece
from agents.knowledge.embedding import DIMENSIONS
from agents.knowledge.files import files
from agents.knowledge.index import update
from agents.knowledge.spaces import opened
from agents.memory.mind import Mind
from agents.models import (
    Agent,
    AgentVersion,
    Budget,
    BudgetHold,
    BudgetRaise,
    BudgetWindow,
    Credential,
    Crew,
    CrewTask,
    Document,
    DocumentText,
    KnowledgeBase,
    Memory,
    ModelCall,
    ModelConnection,
    Sitemap,
    StoreConnection,
    ToolPermission,
    UsageDay,
    VectorChange,
    VectorSpace,
)
from collaboration.models import (
    Activity,
    Comment,
    CommentEdit,
    CommentThread,
    Delivery,
    DocumentUpdate,
    Notification,
    NotificationHours,
    NotificationPreference,
    Reaction,
    SettledDocument,
    SharedDocument,
    ThreadVisit,
    WebhookEndpoint,
)
from nexod.kernel.digests import digest_of
from tenants.accounts.actions.api_keys import issue_api_key
from tenants.accounts.models import ApiKey, IdempotencyKey, User
from workflows.models import (
    Absence,
    Approval,
    ApprovalEntry,
    Artifact,
    BusinessHours,
    Case,
    Contestant,
    DataSet,
    DraftEdit,
    DraftSnapshot,
    Effect,
    Evaluation,
    Firing,
    RecordedAnswer,
    Run,
    RunEvent,
    RunVector,
    SavedView,
    Step,
    Trial,
    Trigger,
    Vote,
    Wait,
    Workflow,
    WorkflowVersion,
)

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
    entry: ApprovalEntry
    artifact: Artifact
    notification: Notification
    trigger: Trigger
    firing: Firing
    endpoint: WebhookEndpoint
    delivery: Delivery
    budget: Budget
    model_call: ModelCall
    usage_day: UsageDay
    budget_window: BudgetWindow
    data_set: DataSet
    case: Case
    evaluation: Evaluation
    trial: Trial
    saved_view: SavedView
    tool_permission: ToolPermission
    business_hours: BusinessHours
    memory: Memory
    absence: Absence
    group: Group
    store: StoreConnection
    credential: Credential
    space: VectorSpace
    state: DraftSnapshot
    sitemap: Sitemap
    thread: CommentThread
    comment: Comment
    activity: Activity


def fill(user: User, *, mark: str = "one") -> Content:
    """Make one of everything for ``user``; ``mark`` keeps names apart when called again."""
    connection = ModelConnection.objects.create(slug=f"model-{mark}", name=f"Model {mark}", model_names=["m"])
    base = KnowledgeBase.objects.create(slug=f"docs-{mark}", name=f"Docs {mark}")
    agent = Agent.objects.create(
        slug=f"agent-{mark}", name=f"Agent {mark}", role="r", goal="g", connection=connection, version=1
    )
    agent.knowledge_bases.add(base)
    AgentVersion.objects.create(agent=agent, number=1, content=content_of(agent), author=user).contributors.add(user)
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
    evaluated = _evaluated(workflow, version, user, mark)
    end = Step.objects.create(run=run, node="end", node_type="output", status="completed", output={"text": "Hi"})
    return Content(
        user=user,
        saved_view=SavedView.objects.create(owner=user, page="runs", name=f"View {mark}", query=f"q={mark}"),
        state=_history(workflow, user, mark),
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
        approval=(
            asked := Approval.objects.create(
                run=run,
                step=step,
                title=f"Good? {mark}",
                content="Hello",
                roles=["owner", "approver"],
                decisions=["approve", "edit", "reject"],
                digest=mark,
                decided_by=None,
            )
        ),
        entry=ApprovalEntry.objects.create(approval=asked, kind="reminded", digest=mark),
        artifact=Artifact.objects.create(run=run, step=end, name=f"{mark}.md", content="# Hello", bytes=7),
        notification=Notification.objects.create(user=user, kind="approval.requested", title=mark, key=mark),
        **_triggers(workflow, run, user, mark),
        **_webhooks(user, mark),
        budget=(budget := _budget(user, run, mark)),
        budget_window=budget.windows.get(),
        model_call=_call(user, step, agent),
        business_hours=BusinessHours.objects.get_or_create(zone="Europe/Berlin")[0],
        tool_permission=ToolPermission.objects.create(
            agent=agent,
            tool="http_request",
            title=f"HTTP request {mark}",
            digest=mark,
            arguments={"url": "https://x.test"},
            run=run.pk,
            step=step.pk,
            call=mark,
            allowed_by=user,
        ),
        memory=keep(Mind(user.pk), f"Likes {mark}.", topic=mark),
        usage_day=UsageDay.objects.get(agent=agent.slug),
        **evaluated,
        **_comments(workflow, user, mark),
        absence=_absence(user, mark),
        group=_group(user, mark),
        credential=Credential.objects.create(
            slug=f"credential-{mark}", name=f"Credential {mark}", hosts=["api.example.com"]
        ),
        store=StoreConnection.objects.create(
            slug=f"store-{mark}", name=f"Store {mark}", address="https://x.pinecone.io"
        ),
        space=VectorSpace.objects.get(knowledge_base=base),
        sitemap=Sitemap.objects.create(knowledge_base=base, address=f"https://{mark}.test/sitemap.xml", status="ready"),
    )


def fill_all(user: User) -> Content:
    """Make what ``fill`` makes, and a row of what nobody makes by hand: events, recorded answers, sessions, the log."""
    content = fill(user)
    content.crew.members.add(content.agent)
    content.document.readers.add(user)
    content.document.reader_groups.add(content.group)
    VectorChange.objects.create(space=content.space, chunk_id=1, document_id=content.document.pk)
    Wait.objects.create(run=content.run, step=content.step, node="ask", key="k", kind=Wait.Kind.CALLBACK)
    Vote.objects.create(approval=content.approval, user=user, decision="approve", digest="d")
    RunVector.objects.create(run=content.run, embedding=[0.1] * DIMENSIONS, finished_at=timezone.now())
    RunEvent.objects.create(run=content.run, seq=1, type="run.created", at=timezone.now())
    shared = SharedDocument.objects.create(name=f"workflow:{content.workflow.pk}", last_seq=1)
    SettledDocument.objects.create(document=shared)
    DocumentUpdate.objects.create(document=shared, seq=1, update=b"\x00\x00", author=user)
    IdempotencyKey.objects.create(caller="user", key="k", fingerprint="f")
    Session.objects.create(session_key="s" * 32, session_data="x", expire_date=timezone.now())
    type_ = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(user=user, content_type=type_, object_repr="x", action_flag=ADDITION)
    return content


def _triggers(workflow: Workflow, run: Run, user: User, mark: str) -> dict[str, Any]:
    trigger = Trigger.objects.create(
        name=f"Trigger {mark}", workflow=workflow, kind="webhook", config={"scheme": "standard", "tolerance_s": 300},
        inputs={"name": {"from": "body.name"}}, acts_as=user, token=f"token-{mark}-{run.pk}",
    )  # fmt: skip
    event = {"id": mark, "headers": {"content-type": "application/json"}}
    firing = Firing.objects.create(
        trigger=trigger,
        source="webhook",
        key=mark,
        outcome="started",
        run=run,
        event=event,
        payload=b"{}",
        payload_bytes=2,
    )
    return {"trigger": trigger, "firing": firing}


def _webhooks(user: User, mark: str) -> dict[str, Any]:
    endpoint = WebhookEndpoint.objects.create(
        name=f"Endpoint {mark}", url="https://93.184.216.34/hook", events=["run.completed"], created_by=user
    )
    payload = {"type": "run.completed", "version": 1, "data": {"run": {"title": f"Greeting {mark}"}}}
    log = [{"at": timezone.now().isoformat(), "status": 200, "seconds": 0.1, "excerpt": "ok", "error": ""}]
    delivery = Delivery.objects.create(
        endpoint=endpoint, event="run.completed", key=mark, payload=payload, status="delivered", attempts=1, log=log
    )
    NotificationPreference.objects.get_or_create(user=user, kind="mention", defaults={"email": "off"})
    NotificationHours.objects.get_or_create(user=user, defaults={"time_zone": "Europe/Berlin"})
    return {"endpoint": endpoint, "delivery": delivery}


def _comments(workflow: Workflow, user: User, mark: str) -> dict[str, Any]:
    """Make a thread at a node with a comment that was edited and has a sign, and a line of what people did."""
    thread = CommentThread.objects.create(
        kind="workflow", workflow=workflow, part="node", node="ask", place=f"Ask {mark}", author=user
    )
    comment = Comment.objects.create(thread=thread, author=user, text=f"Why {mark}?", mentions=[user.pk])
    CommentEdit.objects.create(comment=comment, text="Hm")
    Reaction.objects.create(comment=comment, user=user, sign="👍")
    ThreadVisit.objects.create(thread=thread, user=user, seen_at=timezone.now())
    activity = Activity.objects.create(
        actor=user, verb="commented", subject_kind="workflow", subject_id=workflow.pk, title=workflow.name
    )
    return {"thread": thread, "comment": comment, "activity": activity}


def _history(workflow: Workflow, user: User, mark: str) -> DraftSnapshot:
    change = {
        "sort": "changed",
        "node": "greet",
        "title": "greet",
        "field": "config.template",
        "before": "",
        "after": mark,
    }
    DraftEdit.objects.create(workflow=workflow, author=user, changes=[change], note=f"Edit {mark}", closed=True)
    return DraftSnapshot.objects.create(
        workflow=workflow,
        author=user,
        kind="named",
        name=f"State {mark}",
        definition=GREETING,
        digest=digest_of(GREETING),
    )


def _workflow(user: User, mark: str) -> tuple[Workflow, WorkflowVersion]:
    workflow = Workflow.objects.create(slug=f"greeting-{mark}", name=f"Greeting {mark}")
    WorkflowVersion.objects.create(workflow=workflow, definition=GREETING, author=user)
    version = WorkflowVersion.objects.create(
        workflow=workflow, number=1, definition=GREETING, author=user, published_at=timezone.now()
    )
    workflow.published = version
    workflow.save()
    return workflow, version


def _evaluated(workflow: Workflow, version: WorkflowVersion, user: User, mark: str) -> dict[str, Any]:
    """Make a data set with a recorded case, and an evaluation by it that is at work."""
    data_set = DataSet.objects.create(slug=f"cases-{mark}", name=f"Cases {mark}", workflow=workflow)
    case = Case.objects.create(data_set=data_set, name=f"case {mark}", inputs={"name": mark}, expected={"text": "Hi"})
    RecordedAnswer.objects.create(
        case=case, position=1, node="ask", kind="question", name="Good?", key="#1", result={"decision": "approve"}
    )
    evaluation = Evaluation.objects.create(data_set=data_set, status="running", started_by=user)
    contestant = Contestant.objects.create(
        evaluation=evaluation, label="Version 1", version=version, definition=GREETING, digest="d"
    )
    trial = Trial.objects.create(evaluation=evaluation, contestant=contestant, case=case, status="running")
    return {"data_set": data_set, "case": case, "evaluation": evaluation, "trial": trial}


def _group(user: User, mark: str) -> Group:
    group = Group.objects.create(name=f"Group {mark}")
    group.user_set.add(user)
    return group


def _absence(user: User, mark: str) -> Absence:
    """Make somebody stand in for ``user``: anybody else whom the tenant has, or somebody new."""
    others = User.objects.exclude(pk=user.pk)
    stand_in = others.first() or User.objects.create_user(f"stand-in-{mark}@example.com")
    return Absence.objects.create(user=user, stand_in=stand_in, from_at=timezone.now())


def _budget(user: User, run: Run, mark: str) -> Budget:
    budget = Budget.objects.create(name=f"Means {mark}", scope="run", period="run", unit="usd", limit=5)
    window = BudgetWindow.objects.create(budget=budget, period=str(run.pk), used=2, updated_at=timezone.now())
    BudgetHold.objects.create(
        call=run.pk, window=window, run=run.pk, fence=0, amount=1, expires_at=timezone.now() + timedelta(hours=1)
    )
    BudgetRaise.objects.create(budget=budget, by=user, run=run.pk, amount=1, limit=5, comment=mark)
    return budget


def _call(user: User, step: Step, agent: Agent) -> ModelCall:
    used = {"agent": agent.slug, "user": str(user.pk), "model": "m", "tokens_in": 10, "tokens_out": 5, "cost_usd": 1}
    UsageDay.objects.get_or_create(day=timezone.now().date(), **used, model_calls=1)
    return ModelCall.objects.create(run=step.run_id, step=step.pk, node=step.node, outcome="answered", **used)


def _document(base: KnowledgeBase, user: User, mark: str) -> Document:
    document = Document.objects.create(
        knowledge_base=base, name=f"{mark}.md", content_hash=mark, storage_key=f"documents/{mark}", uploaded_by=user,
        status="ready",
    )  # fmt: skip
    files.save(document.storage_key, ContentFile(b"Hi"))
    DocumentText.objects.create(document=document, text="Hi")
    vectors = {space.pk: [[0.1] * DIMENSIONS] for space in opened(base)}
    update(document, {}, [Piece(position=0, title=mark, headings=(), page=None, start=0, end=2, text="Hi")], vectors)
    return document
