"""Nodes are edited by forms made from their types' schemas; the definition is the text that the page saves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tenants.context import enter_tenant
from tests.admin import _Fields
from tests.content import GREETING
from workflows.models import WorkflowVersion
from workflows.nodes import registry

EDIT = "/admin/workflows/edit/"


def asked(client: Any, what: str, definition: Any = GREETING, **more: Any) -> dict[str, Any]:
    text = definition if isinstance(definition, str) else json.dumps(definition)
    answer = client.post(EDIT, {"do": what, "definition": text, **more})
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def fields(form: str) -> dict[str, Any]:
    parser = _Fields("f")
    parser.feed(f'<form id="f">{form}</form>')
    return parser.found


def nodes(answer: dict[str, Any]) -> dict[str, Any]:
    return {node["id"]: node for node in json.loads(answer["definition"])["nodes"]}


def edges(answer: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(e["from"], e["to"], e.get("when", "")) for e in json.loads(answer["definition"])["edges"]}


@pytest.fixture
def editor(visit, content):
    return visit("acme", "editor")


def test_a_form_shows_what_the_node_says(editor):
    answer = asked(editor, "open", node="greet")
    found = fields(answer["form"])
    assert found["config-template"] == GREETING["nodes"][0]["config"]["template"]
    assert found["way-0-to"] == [GREETING["edges"][0]["to"]]
    assert 'href="#node-greet"' in answer["graph"]


def test_sending_a_form_back_unchanged_changes_nothing(editor):
    for node in GREETING["nodes"]:
        form = fields(asked(editor, "open", node=node["id"])["form"])
        answer = asked(editor, "apply", node=node["id"], **form)
        assert answer["refused"] == []
        assert nodes(answer) == {n["id"]: n for n in GREETING["nodes"]}
        assert json.loads(answer["definition"])["edges"] == GREETING["edges"]


@pytest.mark.parametrize("kind", registry.all_types(), ids=lambda kind: kind.type)
def test_every_type_has_a_form_that_keeps_its_example(editor, kind):
    node = {"id": "one", "type": kind.type, "title": "One", "config": kind.example, "timeout_s": 30,
            "retry": {"attempts": 3, "on": ["timeout"]}}  # fmt: skip
    document = {**GREETING, "nodes": [*GREETING["nodes"], node]}
    form = fields(asked(editor, "open", document, node="one")["form"])
    answer = asked(editor, "apply", document, node="one", **form)
    assert answer["refused"] == []
    assert nodes(answer)["one"] == node


def test_a_change_is_in_the_text_and_its_problems_are_at_the_field(editor):
    form = fields(asked(editor, "open", node="greet")["form"])
    answer = asked(editor, "apply", node="greet", keep="1", **{**form, "config-template": "{{ nope.x }}\r\n"})
    assert nodes(answer)["greet"]["config"]["template"] == "{{ nope.x }}\n"
    assert any((p["node"], p["field"]) == ("greet", "config.template") for p in answer["problems"])
    assert "form" not in answer


def test_what_cannot_be_read_is_said_and_stays_as_it_was(editor):
    form = fields(asked(editor, "open", node="end")["form"])
    row = next(name.removesuffix("@key") for name in form if name.startswith("config-outputs-0-@key"))
    answer = asked(editor, "apply", node="end", **{**form, f"{row}@key": ""})
    assert answer["refused"] == [{"field": "config.outputs", "said": "Row 1, Name: This field is required."}]
    assert nodes(answer)["end"] == next(node for node in GREETING["nodes"] if node["id"] == "end")


def test_a_field_that_names_something_offers_what_the_tenant_has(editor, content, visit):
    document = {
        **GREETING,
        "nodes": [*GREETING["nodes"], {"id": "a", "type": "agent", "config": {"agent": "gone", "prompt": "p"}}],
    }
    form = asked(editor, "open", document, node="a")["form"]
    assert f'value="{content.agent.slug}"' in form
    assert fields(form)["config-agent"] == ["gone"]
    other = asked(visit("globex", "editor"), "open", document, node="a")["form"]
    assert content.agent.slug not in other


def test_a_new_node_comes_between_two(editor):
    first = GREETING["edges"][0]
    answer = asked(
        editor, "add", type="template", title="In between!", place=f"after:{first['from']}:{first.get('when', '')}"
    )
    assert answer["node"] == "in_between"
    assert {(first["from"], "in_between", ""), ("in_between", first["to"], "")} <= edges(answer)
    assert (first["from"], first["to"], "") not in edges(answer)
    assert 'data-node-form="in_between"' in answer["form"]


def test_a_condition_begins_with_all_its_routes_leading_on(editor):
    answer = asked(editor, "add", type="condition", title="Which", place="start:")
    assert json.loads(answer["definition"])["start"] == "which"
    assert {("which", "greet", "high"), ("which", "greet", "low")} <= edges(answer)


def test_work_of_a_map_and_an_undo_are_joined_by_name(editor):
    document = {**GREETING, "nodes": [*GREETING["nodes"], {"id": "all", "type": "map", "config": {"items": "[1]"}}]}
    answer = asked(editor, "add", document, type="template", title="Work", place="repeated:all")
    assert nodes(answer)["all"]["config"]["each"] == "work"
    answer = asked(editor, "add", type="template", title="Undo", place="undoes:greet")
    assert nodes(answer)["greet"]["undo"] == "undo"
    gone = asked(editor, "remove", answer["definition"], node="undo")
    assert "undo" not in nodes(gone)["greet"]


def test_what_led_to_a_deleted_node_leads_to_what_follows(editor):
    first, second = GREETING["edges"][:2]
    answer = asked(editor, "remove", node=first["to"])
    assert first["to"] not in nodes(answer)
    assert all(first["to"] not in edge[:2] for edge in edges(answer))
    assert (first["from"], second["to"], "") in edges(answer)


def test_ways_are_added_and_taken_away(editor):
    form = fields(asked(editor, "open", node="greet")["form"])
    answer = asked(editor, "apply", node="greet", **{**form, "way-0-to": "", "way-1-to": "end", "way-1-when": "error"})
    assert {edge for edge in edges(answer) if edge[0] == "greet"} == {("greet", "end", "error")}


def test_nothing_is_stored(editor, acme, content):
    asked(editor, "remove", node="greet")
    with enter_tenant(acme):
        assert WorkflowVersion.objects.get(workflow=content.workflow, number=0).definition == GREETING


@pytest.mark.parametrize("text", ["{", "[]", '{"nodes": 1}', '{"nodes": [{}]}', '{"nodes": [], "edges": [1]}'])
def test_what_no_form_can_be_made_of_is_refused_in_words(editor, text):
    answer = editor.post(EDIT, {"do": "open", "definition": text})
    assert answer.status_code == 400
    assert answer.json()["refused"]


SWITCH: dict[str, Any] = {
    **GREETING,
    "nodes": [
        *GREETING["nodes"],
        {"id": "which", "type": "switch", "config": {
            "cases": [{"route": "a", "equals": ["1", 1]}, {"route": "b", "equals": ["B"]}],
            "value": "inputs.name", "default": "c"}},
        {"id": "make", "type": "transform", "config": {"values": {"x": {"cel": "1"}, "y": {"template": "{{ inputs.name }}"}}}},
    ],
}  # fmt: skip


def test_rows_are_moved_added_and_taken_away(editor):
    form = fields(asked(editor, "open", SWITCH, node="which")["form"])
    kept = {name: value for name, value in form.items() if not name.startswith("config-cases-")}
    sent = {**kept, "config-cases-1-route": "b", "config-cases-1-equals": "B\r\n2",
            "config-cases-4-route": "new", "config-cases-4-equals": "true"}  # fmt: skip
    answer = asked(editor, "apply", SWITCH, node="which", **sent)
    assert answer["refused"] == []
    cases = nodes(answer)["which"]["config"]["cases"]
    assert cases == [{"route": "b", "equals": ["B", 2]}, {"route": "new", "equals": [True]}]


def test_a_value_is_a_template_or_an_expression(editor):
    form = fields(asked(editor, "open", SWITCH, node="make")["form"])
    assert (form["config-values-0-@value-way"], form["config-values-1-@value-way"]) == (["1"], ["0"])
    answer = asked(
        editor,
        "apply",
        SWITCH,
        node="make",
        **{**form, "config-values-1-@value-way": "1", "config-values-1-@value-1-cel": "2"},
    )
    assert nodes(answer)["make"]["config"]["values"] == {"x": {"cel": "1"}, "y": {"cel": "2"}}


def test_a_node_is_called_otherwise_and_what_names_it_follows(editor):
    answer = asked(editor, "rename", node="greet", to="hello")
    assert answer["node"] == "hello"
    assert 'data-node-form="hello"' in answer["form"]
    assert "greet" not in answer["definition"].replace("greeting", "")
    assert answer["problems"] == []


def test_a_name_that_is_taken_is_refused_at_its_field(editor):
    answer = asked(editor, "rename", node="greet", to="end")
    assert [item["field"] for item in answer["refused"]] == ["id"]
    assert json.loads(answer["definition"]) == GREETING
    assert "form" not in answer


def test_who_may_only_read_sees_the_forms_and_changes_nothing(visit, content):
    client = visit("acme", "viewer")
    page = client.get(f"/admin/workflows/workflow/{content.workflow.pk}/change/").content.decode()
    assert 'href="#node-greet"' in page
    assert "readonly data-definition" in page
    form = asked(client, "open", node="greet")["form"]
    assert '<fieldset class="nx-whole" disabled>' in form
    assert GREETING["nodes"][0]["config"]["template"] in form
    assert not any(word in form for word in ('data-do="remove"', 'data-do="rename"', "Add a way"))
    assert "Add a step" not in asked(client, "open")["form"]
    for what in ("apply", "add", "remove", "rename"):
        asked_for = {"do": what, "definition": json.dumps(GREETING), "node": "greet", "to": "x", "type": "note"}
        assert client.post(EDIT, asked_for).status_code == 403, what


def test_the_forms_are_for_members_who_see_workflows(visit, content):
    assert visit("globex", "owner").get(f"/admin/workflows/workflow/{content.workflow.pk}/change/").status_code == 404


def tool_node(config: dict[str, Any]) -> dict[str, Any]:
    return {**GREETING, "nodes": [{**GREETING["nodes"][0], "type": "tool", "config": config}, *GREETING["nodes"][1:]]}


def test_a_tools_settings_are_fields_of_its_own_schema(editor, content, visit):
    """What they name is chosen among what the tenant has; nothing of it is JSON text."""
    own = content.credential.slug
    settings = {"hosts": ["api.example.com"], "methods": ["GET", "POST"], "headers": {"X-Of": "us"}, "timeout_s": 5}
    document = tool_node({"tool": "http_request", "settings": settings, "arguments": {"url": {"template": "x"}}})
    form = asked(editor, "open", document, node="greet")["form"]
    found = fields(form)
    assert found["config-settings-hosts"] == "api.example.com"
    assert found["config-settings-methods"] == ["GET", "POST"]
    assert "config-settings" not in found
    assert f'<option value="{own}">{content.credential.name}</option>' in form
    assert own not in asked(visit("globex", "editor"), "open", document, node="greet")["form"]
    assert '<option value="calculator">Calculator</option>' in form
    assert nodes(asked(editor, "apply", document, node="greet", **found))["greet"]["config"]["settings"] == settings
    changed = {**found, "config-settings-credential": own, "config-settings-hosts": "a.test\nb.test"}
    answer = asked(editor, "apply", document, node="greet", **changed)
    stored = nodes(answer)["greet"]["config"]["settings"]
    assert (stored["hosts"], stored["credential"]) == (["a.test", "b.test"], own)
    assert "is sent to api.example.com only" in str(answer["problems"])


def test_another_tool_has_another_form(editor):
    document = tool_node({"tool": "http_request", "settings": {"hosts": ["a.test"]}})
    found = fields(asked(editor, "open", document, node="greet")["form"])
    answer = asked(editor, "apply", document, node="greet", keep="1", **{**found, "config-tool": "run_workflow"})
    assert nodes(answer)["greet"]["config"] == {"tool": "run_workflow"}
    assert "config-settings-workflow" in fields(answer["form"])
    assert "config-settings-hosts" not in fields(answer["form"])
    assert "form" not in asked(editor, "apply", document, node="greet", keep="1", **found)


def test_who_may_not_use_credentials_is_offered_none(visit, content):
    viewer, own = visit("acme", "viewer"), content.credential.slug
    document = tool_node({"tool": "http_request", "settings": {"hosts": ["a.test"]}})
    assert own not in asked(viewer, "open", document, node="greet")["form"]
    config = {"url": "https://a.test/", "credential": "kept"}
    called = {**GREETING, "nodes": [{**GREETING["nodes"][0], "type": "http", "config": config}, *GREETING["nodes"][1:]]}
    form = asked(viewer, "open", called, node="greet")["form"]
    assert own not in form
    assert '<option value="kept" selected>' in form
    assert own in asked(visit("acme", "editor"), "open", called, node="greet")["form"]


def test_the_shared_page_gets_only_what_it_asked_for(editor):
    opened = asked(editor, "open", node="greet", live="1")
    assert opened.keys() == {"node", "refused", "form", "texts"}
    assert opened["texts"]["config-template"] == ["config", "template"]
    assert opened["texts"]["step-title"] == ["title"]
    assert asked(editor, "draw", live="1").keys() == {"graph"}
    applied = asked(editor, "apply", node="greet", live="1", keep="1", **fields(opened["form"]))
    assert applied.keys() == {"node", "refused", "document"}
    assert applied["document"] == GREETING


def test_a_moved_node_is_passed_by_where_it_was_and_leads_on_where_it_comes(editor):
    first = GREETING["nodes"][0]["id"]
    third = {"id": "third", "type": "template", "title": "Third", "config": {"template": "3"}}
    before = {**GREETING, "nodes": [GREETING["nodes"][0], third, *GREETING["nodes"][1:]], "start": "third"}
    before["edges"] = [{"from": "third", "to": first}, *GREETING["edges"]]
    after = asked(editor, "move", before, node="third", place=f"after:{first}:", live="1")["document"]
    assert after["start"] == first
    (_, second), *rest = [(edge["from"], edge["to"]) for edge in GREETING["edges"]]
    assert {(edge["from"], edge["to"]) for edge in after["edges"]} == {(first, "third"), ("third", second), *rest}
    assert [node["id"] for node in after["nodes"]] == [node["id"] for node in before["nodes"]]


def test_a_viewer_may_look_at_forms_and_drawings_only(visit, content):
    viewer = visit("acme", "viewer")
    assert asked(viewer, "draw", live="1")["graph"]
    assert viewer.post(EDIT, {"do": "move", "definition": json.dumps(GREETING), "node": "greet"}).status_code == 403


def test_of_very_many_steps_some_are_listed_and_the_others_named(editor):
    steps = [{"id": f"n{n}", "type": "template", "config": {"template": "x"}} for n in range(600)]
    many = {**GREETING, "nodes": steps, "edges": [{"from": "n0", "to": "n1"}], "start": "n0"}
    assert "300 more" in asked(editor, "open", many, live="1")["form"]
    form = asked(editor, "open", many, node="n0", live="1")["form"]
    assert 'list="nx-others"' in form
    assert fields(form)["way-0-to"] == "n1"
