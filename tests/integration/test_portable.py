"""A workflow goes out as a file and comes in again: here, or in another tenant, where it does the same."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.models import Agent, Crew, CrewTask, KnowledgeBase, ModelConnection
from nexod.kernel.errors import PermissionDenied
from tests.agents import CALCULATOR, make_agent
from tests.evaluations import Lab, doubling
from tests.integration.test_agent_loop import calculates
from tests.integration.test_runs_models import model
from tests.model_server import ModelServer
from tests.workbench import Bench, definition, node, output, text
from workflows.actions.imports import Imported, NeedsMissing, import_bundle
from workflows.actions.versions import version_named
from workflows.definitions import DefinitionInvalid
from workflows.models import Workflow
from workflows.portable.bundle import Bundle, BundleInvalid, bundle_schema, read, written
from workflows.portable.exporting import exported

__all__ = ["model"]
SECRET = "sk-very-secret"


def team(bench: Bench, slug: str = "acme") -> Workflow:
    """Make a workflow that uses an agent, a crew of two, a knowledge base and a connection with a key."""
    from agents.actions.agents import create_agent
    from agents.actions.connections import create_connection
    from agents.actions.crews import create_crew
    from agents.actions.knowledge import create_knowledge_base

    with bench.inside(slug):
        owner = bench.user("owner", slug)
        gpt = create_connection(
            actor=owner, name="Gpt", slug="gpt", base_url="https://models.example/v1", api_key=SECRET, model_names=["m"]
        )
        base = create_knowledge_base(actor=owner, name="Library", slug="library")
        made = {"role": "r", "goal": "g", "connection": gpt}
        one = create_agent(actor=owner, name="One", slug="one", knowledge_bases=[base], **made)
        two = create_agent(actor=owner, name="Two", slug="two", **made)
        tasks = [
            {"slug": "find", "description": "d", "expected_output": "e", "agent": one},
            {"slug": "tell", "description": "d", "expected_output": "e", "agent": two, "context": ["find"]},
        ]
        create_crew(actor=owner, name="Pair", slug="pair", tasks=tasks)
    nodes = [
        node("look", "knowledge", {"knowledge_base": "library", "query": "q"}),
        node("think", "agent", {"agent": "two", "prompt": "p"}),
        node("work", "crew", {"crew": "pair"}),
        node("say", "llm", {"prompt": "p", "model": "gpt"}),
        output(),
    ]
    return bench.workflow(definition(nodes), slug=slug, name="Team")


def bundle_of(bench: Bench, workflow: Workflow, version: str = "published", slug: str = "acme") -> Bundle:
    with bench.inside(slug):
        found = Workflow.objects.get(pk=workflow.pk)
        return exported(found, version_named(found, version))


def brought(bench: Bench, bundle: Bundle, *, slug: str = "globex", role: str = "owner", **more: Any) -> Imported:
    with bench.inside(slug):
        return import_bundle(actor=bench.user(role, slug), bundle=bundle, **more)


def needs(bench: Bench, slug: str = "globex") -> None:
    """Give the tenant what the team's file needs, under names of its own."""
    from agents.actions.connections import create_connection
    from agents.actions.knowledge import create_knowledge_base

    with bench.inside(slug):
        owner = bench.user("owner", slug)
        create_connection(
            actor=owner, name="Ours", slug="ours", base_url="https://models.example/v1", api_key="k", model_names=["m"]
        )
        create_knowledge_base(actor=owner, name="Shelf", slug="shelf")


NAMES = {"connection": {"gpt": "ours"}, "knowledge_base": {"library": "shelf"}}


def test_the_file_has_what_the_workflow_uses_and_names_what_it_needs(bench: Bench) -> None:
    bundle = bundle_of(bench, team(bench))
    assert [agent.slug for agent in bundle.agents] == ["one", "two"]
    assert [(crew.slug, [task.agent for task in crew.tasks]) for crew in bundle.crews] == [("pair", ["one", "two"])]
    assert [(need.kind, need.slug) for need in bundle.needs] == [("connection", "gpt"), ("knowledge_base", "library")]


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_file_that_was_written_is_read_as_it_was_and_holds_no_secret(bench: Bench, form: str) -> None:
    bundle = bundle_of(bench, team(bench))
    written_text = written(bundle, form)
    assert read(written_text) == bundle
    assert written(read(written_text), form) == written_text
    assert SECRET not in written_text


def test_in_another_tenant_it_takes_that_tenants_own(bench: Bench) -> None:
    bundle = bundle_of(bench, team(bench))
    needs(bench)
    imported = brought(bench, bundle, names=NAMES)
    assert imported.created == ["agent one", "agent two", "crew pair"]
    with bench.inside("globex"):
        one = Agent.objects.get(slug="one")
        assert (one.connection.slug, [base.slug for base in one.knowledge_bases.all()]) == ("ours", ["shelf"])
        draft = version_named(imported.workflow, "draft").definition
        assert [n["config"].get("knowledge_base") or n["config"].get("model") for n in draft["nodes"]] == [
            "shelf", None, None, "ours", None,
        ]  # fmt: skip
        assert [task.context.count() for task in Crew.objects.get(slug="pair").tasks.order_by("order")] == [0, 1]
    with bench.inside():
        assert ModelConnection.objects.filter(slug="ours").exists() is False


def test_what_is_needed_and_not_there_is_asked_for_and_nothing_is_made(bench: Bench) -> None:
    bundle = bundle_of(bench, team(bench))
    needs(bench)
    with pytest.raises(NeedsMissing) as refused:
        brought(bench, bundle)
    assert [(one["field"], "ours" in one["message"] or "shelf" in one["message"]) for one in refused.value.details] == [
        ("names.connection.gpt", True),
        ("names.knowledge_base.library", True),
    ]
    with bench.inside("globex"):
        assert not Agent.objects.exists()


@pytest.mark.parametrize("said", [[], [{"kind": "connection", "slug": "gpt"}]])
def test_what_a_file_names_is_needed_although_it_does_not_say_so(bench: Bench, said: list[Any]) -> None:
    """A file that was written by hand, or cut: nothing that it names is left out without a word."""
    document = {**bundle_of(bench, team(bench)).model_dump(mode="json"), "needs": said}
    with pytest.raises(NeedsMissing) as refused:
        brought(bench, read(json.dumps(document)))
    fields = {one["field"] for one in refused.value.details}
    assert fields == {"names.connection.gpt", "names.knowledge_base.library"}
    needs(bench)
    brought(bench, read(json.dumps(document)), names=NAMES)
    with bench.inside("globex"):
        assert [base.slug for base in Agent.objects.get(slug="one").knowledge_bases.all()] == ["shelf"]


HALF_DONE = [[], {}, "x", [1], [{}], [{"id": "a", "type": "agent"}], [{"id": "k", "type": "knowledge", "config": []}]]


@pytest.mark.parametrize("nodes", HALF_DONE)
def test_a_file_whose_workflow_is_half_done_is_told_what_it_lacks(bench: Bench, nodes: Any) -> None:
    document = bundle_of(bench, team(bench)).model_dump(mode="json")
    document["workflow"]["definition"]["nodes"] = nodes
    needs(bench)
    with pytest.raises(DefinitionInvalid) as refused:
        brought(bench, read(json.dumps(document)), names=NAMES)
    assert refused.value.problems
    with bench.inside("globex"):
        assert not Workflow.objects.exists()


def test_a_draft_that_is_half_done_goes_out_too(bench: Bench) -> None:
    """As it is while people work at it: a step is there before somebody has said which agent it is."""
    workflow = team(bench)
    with bench.inside():
        draft = Workflow.objects.get(pk=workflow.pk).versions.get(number=0)
        draft.definition = {**draft.definition, "nodes": [*draft.definition["nodes"], {"id": "new", "type": "agent"}]}
        draft.save()
    bundle = bundle_of(bench, workflow, "draft")
    assert bundle.workflow.definition["nodes"][-1] == {"id": "new", "type": "agent"}
    assert [agent.slug for agent in bundle.agents] == ["one", "two"]


def test_people_and_groups_whom_policies_name_are_asked_for_and_others_take_their_place(bench: Bench) -> None:
    """Of a step, of its escalation, of a crew's task and of an agent's tool: who decides is for whoever imports to say."""
    who = {"users": ["Approver@acme.test"], "groups": ["Legal"]}
    policy = {"who": who, "due": {"after": "4h", "escalate": [{"after": "1h", "to": {"groups": ["Legal"]}}]}}
    with bench.inside():
        Group.objects.create(name="Legal")
        workflow = team(bench)
        CrewTask.objects.filter(slug="tell").update(human_input=True, policy={"who": {"groups": ["Legal"]}})
        rule = {"ask": "always", "policy": {"who": {"users": ["admin@acme.test"]}}}
        Agent.objects.filter(slug="one").update(tools=[{"tool": "calculator", "approval": rule}])
        draft = Workflow.objects.get(pk=workflow.pk).published
        draft.definition["nodes"].append(node("sure", "approval", {"title": "?", "content": "?", "policy": policy}))
        bundle = exported(workflow, draft)
    assert {(need.kind, need.slug) for need in bundle.needs if need.kind in ("user", "group")} == {
        ("user", "approver@acme.test"),
        ("user", "admin@acme.test"),
        ("group", "Legal"),
    }
    needs(bench)
    with bench.inside("globex"):
        Group.objects.create(name="Lawyers")
    with pytest.raises(NeedsMissing) as refused:
        brought(bench, read(written(bundle)), names=NAMES)
    told = {one["field"]: one["message"] for one in refused.value.details}
    assert set(told) == {"names.user.approver@acme.test", "names.user.admin@acme.test", "names.group.Legal"}
    assert "Lawyers" in told["names.group.Legal"]
    people = {"approver@acme.test": "owner@globex.test", "admin@acme.test": "admin@globex.test"}
    names = {**NAMES, "user": people, "group": {"Legal": "Lawyers"}}
    with pytest.raises(DefinitionInvalid) as refused:  # the step is not tied to the others
        brought(bench, read(written(bundle)), names=names)
    assert not [one for one in refused.value.problems if one.code.startswith("unknown")]
    document = bundle.model_dump(mode="json")
    document["workflow"]["definition"]["edges"].append({"from": "say", "to": "sure"})
    imported = brought(bench, read(json.dumps(document)), names=names)
    with bench.inside("globex"):
        *_, sure = version_named(imported.workflow, "draft").definition["nodes"]
        assert sure["config"]["policy"]["who"] == {"users": ["owner@globex.test"], "groups": ["Lawyers"]}
        assert sure["config"]["policy"]["due"]["escalate"][0]["to"] == {"groups": ["Lawyers"]}
        assert CrewTask.objects.get(slug="tell").policy == {"who": {"groups": ["Lawyers"]}}
        assert Agent.objects.get(slug="one").tools[0]["approval"]["policy"]["who"] == {"users": ["admin@globex.test"]}
        Group.objects.all().filter(name="Lawyers").delete()
    with bench.inside():
        Group.objects.filter(name="Legal").delete()


def test_exported_pushed_to_the_other_tenant_and_run_it_gives_the_same(bench: Bench) -> None:
    from workflows.actions.runs import start_run
    from workflows.actions.workflows import publish_workflow

    twice = node("t", "transform", {"values": {"twice": {"cel": "inputs.n * 2"}}})
    made = definition([twice, text("say", "{{ nodes.t.twice }}!"), output(said="{{ nodes.say.text }}")])
    made["inputs"] = {"type": "object", "properties": {"n": {"type": "integer"}}}
    here = bench.workflow(made, name="Double")
    there = brought(bench, read(written(bundle_of(bench, here)))).workflow
    outputs = []
    for slug, workflow in (("acme", here), ("globex", there)):
        with bench.inside(slug):
            owner = bench.user("owner", slug)
            if slug == "globex":
                publish_workflow(actor=owner, workflow=workflow)
            run = start_run(actor=owner, workflow=workflow, inputs={"n": 21}).id
        outputs.append(bench.advance(run, slug=slug).outputs)
    assert outputs == [{"said": "42!"}] * 2


def test_an_agent_goes_along_with_its_tool_and_works_at_the_other_tenant(bench: Bench, model: ModelServer) -> None:
    from workflows.actions.runs import start_run
    from workflows.actions.workflows import publish_workflow

    make_agent(bench, tools=[CALCULATOR], goal="count the tides")
    asks = node("ask", "agent", {"agent": "solo", "prompt": "What is {{ inputs.topic }}?"})
    here = bench.workflow(definition([asks, output(said="{{ nodes.ask.text }}")]), name="Counting")
    there = brought(bench, read(written(bundle_of(bench, here)))).workflow
    outputs = []
    for slug, workflow in (("acme", here), ("globex", there)):
        model.answer(calculates("6 * 7"), "It is 42.")
        with bench.inside(slug):
            owner = bench.user("owner", slug)
            if slug == "globex":
                publish_workflow(actor=owner, workflow=workflow)
            run = start_run(actor=owner, workflow=workflow, inputs={"topic": "6 * 7"}).id
        outputs.append(bench.advance(run, slug=slug).outputs)
        assert bench.types(run, slug=slug).count("tool.returned") == 1
    assert outputs == [{"said": "It is 42."}] * 2
    asked_here, asked_there = ([turn["content"] for turn in one.body["messages"]] for one in model.requests[::2])
    assert asked_here == asked_there
    assert "count the tides" in str(asked_there)


def test_who_decides_on_the_result_of_a_task_goes_along(bench: Bench) -> None:
    workflow, policy = team(bench), {"who": {"roles": ["approver", "owner"]}, "quorum": 2, "separate": ["starter"]}
    with bench.inside():
        CrewTask.objects.filter(slug="tell").update(human_input=True, policy=policy)
    needs(bench)
    brought(bench, read(written(bundle_of(bench, workflow))), names=NAMES)
    with bench.inside("globex"):
        task = CrewTask.objects.get(slug="tell")
        assert (task.human_input, task.policy) == (True, policy)


def test_what_exists_is_kept_unless_it_is_to_be_replaced(bench: Bench) -> None:
    workflow = team(bench)
    bundle = bundle_of(bench, workflow)
    with bench.inside():
        Agent.objects.filter(slug="one").update(role="changed here")
    kept = brought(bench, bundle, slug="acme")
    assert (kept.kept, kept.workflow.slug) == (["agent one", "agent two", "crew pair"], "team-2")
    replaced = brought(bench, bundle, slug="acme", replace=True)
    assert (replaced.changed, replaced.workflow.slug) == (["agent one", "agent two", "crew pair"], "team")
    with bench.inside():
        assert Agent.objects.get(slug="one").role == "r"


def test_a_file_with_a_broken_definition_makes_nothing(bench: Bench) -> None:
    bundle = bundle_of(bench, team(bench))
    needs(bench)
    flow = bundle.workflow.model_copy(update={"definition": {**bundle.workflow.definition, "start": "nowhere"}})
    with pytest.raises(DefinitionInvalid):
        brought(bench, bundle.model_copy(update={"workflow": flow}), names=NAMES)
    with bench.inside("globex"):
        assert not Agent.objects.exists()


def test_who_may_not_add_workflows_imports_nothing(bench: Bench) -> None:
    with pytest.raises(PermissionDenied):
        brought(bench, bundle_of(bench, team(bench)), role="viewer")


def test_a_part_that_is_no_field_is_refused(bench: Bench) -> None:
    document = bundle_of(bench, team(bench)).model_dump()
    document["agents"][0]["encrypted_key"] = "x"
    with pytest.raises(BundleInvalid) as refused:
        read(json.dumps(document))
    assert refused.value.details[0]["field"] == "agents.0.encrypted_key"


@pytest.mark.parametrize(
    "source",
    [
        "",
        "[]",
        "a: &x [1]\nb: *x",
        "{" * 5000,
        "!!python/object:os.system x",
        "\x00",
        "format: nexod.bundle/2",
        "a: " + "[" * 3000,
    ],
)
def test_what_is_no_bundle_is_refused_as_such(source: str) -> None:
    with pytest.raises(BundleInvalid):
        read(source)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=300))
def test_whatever_is_read_is_refused_or_a_bundle(source: str) -> None:
    with suppress(BundleInvalid):  # anything else that is raised fails the test
        assert isinstance(read(source), Bundle)


def test_the_published_schema_takes_what_is_written(bench: Bench) -> None:
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(bundle_schema())
    document = bundle_of(bench, team(bench)).model_dump(mode="json")
    assert validator.is_valid(document)
    assert not validator.is_valid({**document, "format": "nexod.bundle/2"})
    document["workflow"]["definition"]["nodes"][0]["type"] = "nope"
    assert not validator.is_valid(document)


def command(*given: str) -> str:
    out = io.StringIO()
    call_command("workflow", *given, stdout=out)
    return out.getvalue()


def test_the_command_pulls_validates_and_pushes(bench: Bench, tmp_path: Path) -> None:
    team(bench)
    needs(bench)
    file = str(tmp_path / "team.yaml")
    command("pull", "team", "--tenant=acme", "-o", file)
    assert "5 nodes, no problem" in command("validate", file, "--tenant=acme")
    with pytest.raises(CommandError, match=r"names\.connection\.gpt"):
        command("push", file, "--tenant=globex")
    names = [f"--name={kind}:{theirs}={ours}" for kind, found in NAMES.items() for theirs, ours in found.items()]
    told = command("push", file, "--tenant=globex", "--publish", *names)
    assert "created  agent one" in told
    assert "version 1 is published" in told
    with bench.inside("globex"):
        assert Workflow.objects.get(slug="team").published.number == 1


def test_the_command_tells_each_problem_of_a_file(bench: Bench, tmp_path: Path) -> None:
    team(bench)
    file = tmp_path / "team.yaml"
    command("pull", "team", "--tenant=acme", "-o", str(file))
    with pytest.raises(CommandError, match=r"look  config\.knowledge_base: There is no knowledge base 'library'"):
        command("validate", str(file), "--tenant=globex")
    with bench.inside("globex"):
        assert not KnowledgeBase.objects.exists()


def test_the_command_runs_the_cases_of_a_workflow_on_its_draft(bench: Bench) -> None:
    lab = Lab(bench)
    lab.case("one", {"n": 1}, {"twice": 2})
    lab.case("two", {"n": 2}, {"twice": 4})
    slug = lab.workflow.slug
    assert command("test", slug, "--tenant=acme").strip().endswith("Passed")
    lab.draft(doubling(3))
    with pytest.raises(SystemExit) as worse:
        command("test", slug, "--tenant=acme")
    assert worse.value.code == 1
    with pytest.raises(CommandError):
        command("test", slug, "--tenant=globex")
    bench.workflow(doubling(), name="Bare")
    with pytest.raises(CommandError, match="no data set"):
        command("test", "bare", "--tenant=acme")
