"""Credentials in definitions: a wrong one is a problem with node and field, who may not use them puts none in, files hold names."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import Group, Permission

from agents.tools.base import Tool
from nexod.kernel.errors import PermissionDenied
from tests.vault import SECRET, keep, places_of
from tests.workbench import Bench, definition, node, output
from workflows.actions.cases import create_case
from workflows.actions.datasets import create_data_set
from workflows.actions.evaluations import start_evaluation
from workflows.actions.imports import NeedsMissing, import_bundle
from workflows.actions.references import TenantReferences
from workflows.actions.replays import run_case
from workflows.actions.tries import try_workflow
from workflows.actions.versions import version_named
from workflows.actions.workflows import create_workflow, publish_workflow, save_draft
from workflows.definitions import validate
from workflows.models import Workflow
from workflows.portable.bundle import read, written
from workflows.portable.exporting import exported

Json = dict[str, Any]
URL = "https://api.example.com/orders"


INPUTS = {"type": "object", "properties": {name: {"type": "string"} for name in ("order", "url", "host", "zone")}}


def calling(**config: Any) -> Json:
    call = node("call", "http", {"url": URL, "credential": "crm", **config})
    return definition([call, output()], inputs=INPUTS)


def problems(bench: Bench, document: Json) -> list[tuple[str, str, str]]:
    with bench.inside():
        return [(one.code, one.node, one.field) for one in validate(document, TenantReferences())]


def crm(bench: Bench, *hosts: str, tenant: str = "acme", **fields: Any) -> Any:
    """A credential for hosts by https."""
    from agents.actions.credentials import create_credential

    with bench.inside(tenant):
        given = {"name": "CRM", "slug": "crm", "secret": SECRET, **fields}
        return create_credential(actor=bench.user("admin", tenant), hosts=list(hosts or ["api.example.com"]), **given)


def test_one_that_fits_is_no_problem(bench: Bench) -> None:
    crm(bench)
    assert problems(bench, calling()) == []


def test_an_unknown_one_is_an_error_with_node_and_field(bench: Bench) -> None:
    crm(bench, tenant="globex")
    assert problems(bench, calling()) == [("unknown_credential", "call", "config.credential")]


@pytest.mark.parametrize(
    "url",
    [
        "https://thief.example/steal",
        "http://api.example.com/orders",
        "https://api.example.com:8443/",
        "https://thief.example/{{ inputs.order }}",
        "https://api.example.com.thief.example/?q={{ inputs.order }}",
        "https://api.example.com@thief.example/{{ inputs.order }}",
    ],
)
def test_a_literal_host_that_it_is_not_sent_to_is_an_error(bench: Bench, url: str) -> None:
    crm(bench)
    assert problems(bench, calling(url=url)) == [("credential_host", "call", "config.credential")]


@pytest.mark.parametrize(
    "url", ["{{ inputs.url }}", "https://{{ inputs.host }}/x", "https://api.{{ inputs.zone }}.example.com/"]
)
def test_a_host_that_is_known_in_the_run_only_is_left_to_the_run(bench: Bench, url: str) -> None:
    crm(bench)
    assert problems(bench, calling(url=url)) == []


@pytest.mark.parametrize(
    ("fields", "config", "field"),
    [
        ({"kind": "header", "settings": {"header": "X-Of"}}, {"headers": {"x-of": "us"}}, "config.headers.x-of"),
        ({"kind": "query", "settings": {"parameter": "key"}}, {"query": {"key": "k"}}, "config.query.key"),
    ],
)
def test_what_the_node_sets_itself_is_not_set_by_a_credential_too(
    bench: Bench, fields: Json, config: Json, field: str
) -> None:
    crm(bench, **fields)
    assert problems(bench, calling(**config)) == [("bad_config", "call", field)]


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"hosts": ["api.example.com"], "credential": "crm"}, []),
        ({"hosts": ["api.example.com"], "credential": "gone"}, [("unknown_credential", "config.settings.credential")]),
        ({"hosts": ["thief.example"], "credential": "crm"}, [("bad_config", "config.settings")]),
    ],
)
def test_a_tool_nodes_credential_is_looked_at_too(bench: Bench, settings: Json, found: Any) -> None:
    crm(bench)
    config = {"tool": "http_request", "settings": settings, "arguments": {"url": {"template": URL}}}
    wrong = problems(bench, definition([node("call", "tool", config), output()]))
    assert [(code, field) for code, _, field in wrong] == found


def unprivileged(bench: Bench) -> Any:
    """Return a person who writes and runs workflows and may not use credentials."""
    person = bench.user("viewer")
    names = ("add_workflow", "change_workflow", "run_workflow", "add_agent", "change_agent", "add_evaluation")
    group, _ = Group.objects.get_or_create(name="Writers")
    group.permissions.set(Permission.objects.filter(codename__in=names))
    person.groups.add(group)
    return type(person).objects.get(pk=person.pk)


@pytest.fixture
def writer(bench: Bench) -> Any:
    """That person; afterwards a viewer again."""
    with bench.inside():
        person = unprivileged(bench)
    yield person
    with bench.inside():
        Group.objects.filter(name="Writers").delete()


def test_who_may_not_use_credentials_puts_none_into_a_workflow(bench: Bench, writer: Any) -> None:
    crm(bench)
    with bench.inside():
        with pytest.raises(PermissionDenied, match="use_credential"):
            create_workflow(actor=writer, name="Steal", definition=calling())
        plain = definition([node("call", "http", {"url": URL}), output()])
        workflow = create_workflow(actor=writer, name="Plain", definition=plain)
        with pytest.raises(PermissionDenied, match="use_credential"):
            save_draft(actor=writer, workflow=workflow, definition=calling())


def test_who_may_not_changes_what_is_beside_one_and_not_the_step_that_has_it(bench: Bench, writer: Any) -> None:
    crm(bench)
    with bench.inside():
        workflow = create_workflow(actor=bench.user(), name="Orders", definition=calling())
        publish_workflow(actor=bench.user(), workflow=workflow)
        beside = {**calling(), "description": "Beside it"}
        save_draft(actor=writer, workflow=workflow, definition=beside)
        publish_workflow(actor=writer, workflow=workflow, confirm=True)
        with pytest.raises(PermissionDenied):
            save_draft(actor=writer, workflow=workflow, definition=calling(method="DELETE"))


def test_who_may_not_neither_publishes_nor_tries_what_got_in_by_another_way(bench: Bench, writer: Any) -> None:
    """Drafts are written together: whoever lets one work answers for all of it."""
    crm(bench)
    with bench.inside():
        workflow = create_workflow(actor=bench.user(), name="Orders", definition=calling())
        with pytest.raises(PermissionDenied, match="use_credential"):
            publish_workflow(actor=writer, workflow=workflow, confirm=True)
        with pytest.raises(PermissionDenied, match="use_credential"):
            try_workflow(actor=writer, workflow=workflow, inputs={})
        cases = create_data_set(actor=bench.user(), name="Orders", workflow=workflow)
        case = create_case(actor=bench.user(), data_set=cases, name="one", inputs={})
        with pytest.raises(PermissionDenied, match="use_credential"):
            run_case(actor=writer, case=case)
        with pytest.raises(PermissionDenied, match="use_credential"):
            start_evaluation(actor=writer, data_set=cases, versions=["draft"])
        publish_workflow(actor=bench.user(), workflow=workflow)
        assert try_workflow(actor=writer, workflow=workflow, inputs={}).is_try
        assert start_evaluation(actor=writer, data_set=cases, versions=["draft"]).pk


def test_who_may_not_gives_none_to_an_agent(bench: Bench, writer: Any) -> None:
    from agents.actions.agents import create_agent, update_agent

    crm(bench)
    tools = [{"tool": "http_request", "settings": {"hosts": ["api.example.com"], "credential": "crm"}}]
    with bench.inside():
        with pytest.raises(PermissionDenied, match="use_credential"):
            create_agent(actor=writer, name="Thief", role="r", goal="g", tools=tools)
        agent = create_agent(actor=bench.user(), name="Ann", role="r", goal="g", tools=tools)
        update_agent(actor=writer, agent=agent, goal="other", tools=agent.tools)
        wider = [{**agent.tools[0], "settings": {**agent.tools[0]["settings"], "methods": ["DELETE"]}}]
        with pytest.raises(PermissionDenied, match="use_credential"):
            update_agent(actor=writer, agent=agent, tools=wider)


def test_a_file_names_it_asks_for_it_and_holds_nothing_of_it(bench: Bench) -> None:
    from agents.actions.agents import create_agent

    crm(bench)
    tools = [{"tool": "http_request", "settings": {"hosts": ["api.example.com"], "credential": "crm"}}]
    with bench.inside():
        create_agent(actor=bench.user(), name="Ann", slug="ann", role="r", goal="g", tools=tools)
        nodes = [*calling()["nodes"][:1], node("think", "agent", {"agent": "ann", "prompt": "p"}), output()]
        workflow = create_workflow(actor=bench.user(), name="Orders", definition=definition(nodes))
        text = written(exported(workflow, version_named(workflow, "draft")))
    assert SECRET not in text
    bundle = read(text)
    assert [(need.kind, need.slug, need.name) for need in bundle.needs] == [("credential", "crm", "CRM")]
    with bench.inside("globex"):
        owner = bench.user("owner", "globex")
        with pytest.raises(NeedsMissing) as missing:
            import_bundle(actor=owner, bundle=bundle)
        assert [one["field"] for one in missing.value.details] == ["names.credential.crm"]
    crm(bench, tenant="globex", slug="ours", name="Ours", secret="a-secret-of-globex")
    with bench.inside("globex"):
        from agents.models import Agent

        import_bundle(actor=owner, bundle=bundle, names={"credential": {"crm": "ours"}})
        draft = version_named(Workflow.objects.get(slug="orders"), "draft").definition
        assert draft["nodes"][0]["config"]["credential"] == "ours"
        assert Agent.objects.get(slug="ann").tools[0]["settings"]["credential"] == "ours"
    assert places_of(bench, SECRET, "a-secret-of-globex") == []


def test_where_it_is_used_is_known(bench: Bench) -> None:
    from agents.actions.credentials import delete_credential
    from agents.actions.rows import InUse
    from agents.credentials.uses import uses_of

    credential = crm(bench)
    workflow = bench.workflow(calling(), name="Orders")
    with bench.inside():
        assert [(use.kind, use.name, use.place) for use in uses_of("crm")] == [("workflow", "Orders", "call")]
        with pytest.raises(InUse, match="workflow Orders"):
            delete_credential(actor=bench.user("admin"), credential=credential)
        save_draft(actor=bench.user(), workflow=workflow, definition=definition([output()]))
        assert [use.name for use in uses_of("crm")] == ["Orders"]  # the published version has it still
        publish_workflow(actor=bench.user(), workflow=workflow)
        assert uses_of("crm") == []
        delete_credential(actor=bench.user("admin"), credential=credential)


def test_where_it_is_used_is_known_while_people_are_at_work_on_the_draft(bench: Bench) -> None:
    """A step that says too little yet hides none of the others, and names what it names already."""
    from agents.credentials.uses import uses_of

    crm(bench)
    workflow = bench.workflow(calling(), name="Orders")
    with bench.inside():
        draft = workflow.versions.get(number=0)
        new = [{"id": "new", "type": "agent"}, {"id": "more", "type": "http", "config": {"credential": "crm"}}]
        draft.definition = {**draft.definition, "nodes": [*new, *draft.definition["nodes"]]}
        draft.save()
        assert {use.place for use in uses_of("crm")} == {"call", "more"}


def test_no_expression_and_no_template_sees_it(bench: Bench) -> None:
    keep(bench, "api.example.com")
    for source in ("credentials.crm", "credential", "run.credential", "tenant.credentials"):
        found = problems(
            bench, definition([node("t", "transform", {"values": {"x": {"expression": source}}}), output()])
        )
        assert found, source


class Signed(Tool):
    """A tool whose schema calls its credential otherwise, and something else ``credential``."""

    name, title, description = "signed", "Signed", "Signs."
    parameters: ClassVar[Json] = {"type": "object", "properties": {}}
    settings: ClassVar[Json] = {
        "type": "object",
        "properties": {"login": {"type": "string", "x-reference": "credential"}, "credential": {"type": "string"}},
        "additionalProperties": False,
    }


def test_what_a_tool_names_is_where_its_schema_says_so(
    bench: Bench, writer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agents.actions.agents import create_agent, update_agent
    from agents.credentials.uses import uses_of
    from agents.tools import registry

    monkeypatch.setitem(registry._TOOLS, Signed.name, Signed())
    crm(bench)
    crm(bench, tenant="globex")
    named = [{"tool": "signed", "settings": {"login": "crm"}}]
    other = [{"tool": "signed", "settings": {"credential": "crm"}}]
    with bench.inside():
        with pytest.raises(PermissionDenied, match="use_credential"):
            create_agent(actor=writer, name="Thief", role="r", goal="g", tools=named)
        agent = create_agent(actor=writer, name="Ann", role="r", goal="g", tools=other)
        assert uses_of("crm") == []
        with pytest.raises(PermissionDenied, match="use_credential"):
            update_agent(actor=writer, agent=agent, tools=named)
        update_agent(actor=bench.user(), agent=agent, tools=named)
        assert [(use.kind, use.name, use.place) for use in uses_of("crm")] == [("agent", "Ann", "signed")]
    with bench.inside("globex"):
        assert uses_of("crm") == []
