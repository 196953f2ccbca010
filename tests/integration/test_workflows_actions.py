"""Starting runs, and creating, changing, publishing and deleting workflows: who may, what is refused, what is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agents.models import Agent, Crew, CrewTask, KnowledgeBase, ModelConnection
from nexod.kernel.errors import NotFound, PermissionDenied, QuotaExceeded
from tenants.context import enter_platform, enter_tenant
from tenants.models import Plan, RunTicket
from tests.workbench import definition, node, output, text
from workflows.actions.runs import cancel_run, start_run
from workflows.actions.starters import install_starter
from workflows.actions.workflows import (
    create_workflow,
    delete_workflow,
    publish_workflow,
    save_draft,
    update_workflow,
)
from workflows.definitions import DefinitionInvalid, InputsInvalid
from workflows.errors import RunIsOver, TargetGone, WorkflowNotPublished
from workflows.models import Run, RunEvent, Workflow, WorkflowVersion

Person = Callable[[str, str], Any]
SIMPLE = definition([text("a", "On {{ inputs.topic }}"), output()])
STRICT = {
    **SIMPLE,
    "inputs": {
        "type": "object",
        "required": ["topic"],
        "properties": {"topic": {"type": "string", "minLength": 3}, "bar": {"type": "integer", "default": 6}},
    },
}
pytestmark = pytest.mark.usefixtures("in_acme")


@pytest.fixture
def editor(person: Person) -> Any:
    return person("acme", "editor")


@pytest.fixture
def published(editor: Any) -> Workflow:
    workflow = create_workflow(actor=editor, name="Strict", definition=STRICT)
    publish_workflow(actor=editor, workflow=workflow)
    return workflow


def test_a_run_starts_pending_with_a_copy_of_the_definition(editor: Any, published: Workflow, acme: Any) -> None:
    run = start_run(actor=editor, workflow=published, inputs={"topic": "tides"})
    assert (run.status, run.kind, run.title, run.queue) == ("pending", "workflow", "Strict", "runs")
    assert run.definition == published.published.definition  # type: ignore[union-attr]
    assert run.inputs == {"topic": "tides", "bar": 6}
    [event] = RunEvent.objects.filter(run=run)
    assert (event.seq, event.type, event.data) == (
        1,
        "run.created",
        {"kind": "workflow", "target": "Strict", "actor": "editor@acme.test"},
    )
    with enter_platform():
        ticket = RunTicket.objects.get(run=run.id)
    assert (ticket.state, ticket.queue, ticket.tenant_id) == ("ready", "runs", acme.pk)


def test_the_other_tenant_does_not_see_the_run(editor: Any, published: Workflow, globex: Any) -> None:
    run = start_run(actor=editor, workflow=published, inputs={"topic": "tides"})
    with enter_tenant(globex):
        assert not Run.objects.filter(pk=run.pk).exists()
        assert not Workflow.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "approver"])
def test_who_may_not_run_is_refused(person: Person, published: Workflow, role: str) -> None:
    with pytest.raises(PermissionDenied):
        start_run(actor=person("acme", role), workflow=published, inputs={"topic": "tides"})
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({}, "inputs"),
        ({"topic": "x"}, "inputs.topic"),
        ({"topic": 5}, "inputs.topic"),
        ({"topic": "tides", "bar": "high"}, "inputs.bar"),
        ({"topic": "tides", "unknown": 1}, "inputs"),
    ],
)
def test_inputs_that_do_not_fit_say_which_field(
    editor: Any, published: Workflow, inputs: dict[str, Any], field: str
) -> None:
    with pytest.raises(InputsInvalid) as refused:
        start_run(actor=editor, workflow=published, inputs=inputs)
    assert refused.value.details[0]["field"] == field  # type: ignore[index]


def test_a_draft_alone_cannot_run(editor: Any) -> None:
    workflow = create_workflow(actor=editor, name="Draft", definition=SIMPLE)
    with pytest.raises(WorkflowNotPublished):
        start_run(actor=editor, workflow=workflow, inputs={})


def test_a_deleted_workflow_cannot_run(editor: Any, published: Workflow) -> None:
    held = Workflow.objects.get(pk=published.pk)
    delete_workflow(actor=editor, workflow=published)
    with pytest.raises(TargetGone, match="Strict"):
        start_run(actor=editor, workflow=held, inputs={"topic": "tides"})


def test_a_run_outlives_its_workflow(editor: Any, published: Workflow) -> None:
    run = start_run(actor=editor, workflow=published, inputs={"topic": "tides"})
    delete_workflow(actor=editor, workflow=published)
    run.refresh_from_db()
    assert (run.workflow_id, run.version_id, run.title) == (None, None, "Strict")
    assert run.definition["start"] == "a"


def test_the_plan_bounds_the_runs(editor: Any, published: Workflow, acme: Any) -> None:
    with enter_platform():
        Plan.objects.filter(pk=acme.plan_id).update(runs_per_day=1)
    start_run(actor=editor, workflow=published, inputs={"topic": "tides"})
    with pytest.raises(QuotaExceeded, match="1 runs today"):
        start_run(actor=editor, workflow=published, inputs={"topic": "tides"})


def test_an_agent_runs_as_a_definition_of_one_node(editor: Any) -> None:
    agent = Agent.objects.create(slug="poet", name="Poet", role="Poet", goal="Rhyme")
    run = start_run(actor=editor, agent=agent, inputs={"task": "A verse."})
    assert (run.kind, run.agent, run.queue, run.title) == ("agent", agent, "runs", "Poet")
    [single] = run.definition["nodes"]
    assert (single["type"], single["config"]) == ("agent", {"agent": "poet", "prompt": "{{ inputs.task }}"})
    with pytest.raises(InputsInvalid):
        start_run(actor=editor, agent=agent, inputs={})


def test_a_deleted_agent_cannot_run(editor: Any) -> None:
    agent = Agent.objects.create(slug="poet", name="Poet", role="Poet", goal="Rhyme")
    Agent.objects.filter(pk=agent.pk).delete()
    with pytest.raises(TargetGone, match="Poet"):
        start_run(actor=editor, agent=agent, inputs={"task": "A verse."})


def test_a_crew_takes_what_its_texts_name(editor: Any) -> None:
    agent = Agent.objects.create(slug="poet", name="Poet", role="Poet of {style}", goal="Rhyme")
    crew = Crew.objects.create(slug="poets", name="Poets")
    CrewTask.objects.create(
        crew=crew, slug="t", order=1, description="On {topic}", expected_output="A verse", agent=agent
    )
    run = start_run(actor=editor, crew=crew, inputs={"topic": "tides", "style": "old"})
    assert (run.kind, run.crew, run.queue) == ("crew", crew, "crews")
    [single] = run.definition["nodes"]
    assert single["config"]["inputs"] == {"topic": "{{ inputs.topic }}", "style": "{{ inputs.style }}"}
    with pytest.raises(InputsInvalid, match="topic"):
        start_run(actor=editor, crew=crew, inputs={"style": "old"})


def test_a_workflow_with_a_crew_goes_to_the_crews_workers(editor: Any) -> None:
    Crew.objects.create(slug="poets", name="Poets")
    document = definition([node("poem", "crew", {"crew": "poets"}), output()])
    workflow = create_workflow(actor=editor, name="Poem", definition=document)
    publish_workflow(actor=editor, workflow=workflow)
    assert start_run(actor=editor, workflow=workflow, inputs={}).queue == "crews"


def test_only_who_may_cancels(person: Person, editor: Any, published: Workflow) -> None:
    run = start_run(actor=editor, workflow=published, inputs={"topic": "tides"})
    with pytest.raises(PermissionDenied):
        cancel_run(actor=person("acme", "viewer"), run=run)
    assert cancel_run(actor=editor, run=run).status == "cancelled"
    with pytest.raises(RunIsOver):
        cancel_run(actor=editor, run=run)


def test_a_new_workflow_has_a_draft_of_its_definition(editor: Any) -> None:
    workflow = create_workflow(actor=editor, name="My workflow", definition=SIMPLE, description="d")
    [draft] = workflow.versions.all()
    assert (workflow.slug, draft.number, draft.is_draft, draft.author) == ("my-workflow", 0, True, editor)
    assert workflow.published is None
    assert create_workflow(actor=editor, name="My workflow", definition=SIMPLE).slug == "my-workflow-2"


def test_a_bad_definition_is_refused_with_node_and_field(editor: Any) -> None:
    document = definition(
        [text("a", "{{ nodes.b.text }}"), node("c", "llm", {"prompt": "x", "model": "none"}), output()]
    )
    with pytest.raises(DefinitionInvalid) as refused:
        create_workflow(actor=editor, name="Bad", definition=document)
    assert {(p.code, p.node) for p in refused.value.problems} == {("unknown_node", "a"), ("unknown_model", "c")}
    assert not Workflow.objects.exists()


def test_malformed_json_is_refused(editor: Any) -> None:
    with pytest.raises(DefinitionInvalid, match="not JSON"):
        create_workflow(actor=editor, name="Bad", definition='{"format": ')


def test_publishing_makes_numbered_versions_that_stay(editor: Any) -> None:
    workflow = create_workflow(actor=editor, name="W", definition=SIMPLE)
    first = publish_workflow(actor=editor, workflow=workflow, note="first")
    other = definition([text("changed"), output()])
    save_draft(actor=editor, workflow=workflow, definition=other)
    second = publish_workflow(actor=editor, workflow=workflow)
    workflow.refresh_from_db()
    assert [(v.number, v.definition["start"]) for v in workflow.versions.all()] == [
        (2, "changed"),
        (1, "a"),
        (0, "changed"),
    ]
    assert (workflow.published, first.note) == (second, "first")


def test_publishing_asks_again_whether_the_definition_is_valid(editor: Any) -> None:
    model = ModelConnection.objects.create(slug="m", name="M", model_names=["x"])
    document = definition([node("a", "llm", {"prompt": "x", "model": "m"}), output()])
    workflow = create_workflow(actor=editor, name="W", definition=document)
    model.delete()
    with pytest.raises(DefinitionInvalid, match="'m'"):
        publish_workflow(actor=editor, workflow=workflow)


def test_name_and_description_change_without_a_new_draft(editor: Any) -> None:
    workflow = create_workflow(actor=editor, name="W", definition=SIMPLE)
    changed = update_workflow(actor=editor, workflow=workflow, name="Better", description="why")
    assert (changed.name, changed.description, changed.slug) == ("Better", "why", "w")
    assert WorkflowVersion.objects.count() == 1


def test_a_viewer_changes_nothing(person: Person, editor: Any) -> None:
    viewer = person("acme", "viewer")
    workflow = create_workflow(actor=editor, name="W", definition=SIMPLE)
    for refused in (
        lambda: create_workflow(actor=viewer, name="X", definition=SIMPLE),
        lambda: save_draft(actor=viewer, workflow=workflow, definition=SIMPLE),
        lambda: publish_workflow(actor=viewer, workflow=workflow),
        lambda: delete_workflow(actor=viewer, workflow=workflow),
        lambda: install_starter(actor=viewer, starter="briefing"),
    ):
        with pytest.raises(PermissionDenied):
            refused()


def test_the_starter_installs_what_is_missing_once(editor: Any, globex: Any) -> None:
    ModelConnection.objects.create(slug="m", name="M", model_names=["x"], is_default=True)
    workflow = install_starter(actor=editor, starter="briefing")
    assert workflow.published is not None
    assert set(Agent.objects.values_list("slug", flat=True)) == {"research-analyst", "writer", "reviewer"}
    assert list(CrewTask.objects.values_list("slug", flat=True)) == ["research", "write", "review"]
    assert KnowledgeBase.objects.get().slug == "library"
    assert install_starter(actor=editor, starter="briefing") == workflow
    with enter_tenant(globex):
        assert not Agent.objects.exists()


def test_the_starter_takes_the_knowledge_base_it_is_given(editor: Any) -> None:
    ModelConnection.objects.create(slug="m", name="M", model_names=["x"], is_default=True)
    mine = KnowledgeBase.objects.create(slug="mine", name="Mine")
    workflow = install_starter(actor=editor, starter="briefing", knowledge_base=mine)
    assert workflow.published.definition["nodes"][0]["config"]["knowledge_base"] == "mine"  # type: ignore[union-attr]
    assert not KnowledgeBase.objects.filter(slug="library").exists()
    assert install_starter(actor=editor, starter="briefing", knowledge_base=mine) == workflow
    other = KnowledgeBase.objects.create(slug="other", name="Other")
    assert install_starter(actor=editor, starter="briefing", knowledge_base=other) != workflow


def test_a_starter_without_a_model_says_so(editor: Any) -> None:
    with pytest.raises(DefinitionInvalid, match="default model connection"):
        install_starter(actor=editor, starter="briefing")
    assert not Agent.objects.exists()


def test_an_unknown_starter_is_not_found(editor: Any) -> None:
    with pytest.raises(NotFound):
        install_starter(actor=editor, starter="nothing")
