"""A workflow's versions in the admin: what differs, back to an earlier one, out into a file and in again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from tenants.context import enter_tenant
from tests.admin import told
from tests.content import GREETING
from tests.integration.test_portable import bundle_of, needs, team
from workflows.models import Workflow, WorkflowVersion
from workflows.portable.bundle import Bundle, parsed, read, written

PATH = "/admin/workflows/workflow"
SHOUTED: dict[str, Any] = {
    **GREETING,
    "nodes": [
        {**GREETING["nodes"][0], "config": {"template": "HELLO {{ inputs.name }}"}},
        {"id": "more", "type": "template", "title": "One more", "config": {"template": "x"}},
        *GREETING["nodes"][1:],
    ],
    "edges": [{"from": "greet", "to": "more"}, {**GREETING["edges"][0], "from": "more"}, *GREETING["edges"][1:]],
}


@pytest.fixture
def two(acme, content):
    """The workflow with a second version that is live, and a draft that is as the first."""
    with enter_tenant(acme):
        flow = content.workflow
        second = WorkflowVersion.objects.create(
            workflow=flow, number=2, definition=SHOUTED, note="Louder", author=content.version.author,
            published_at=content.version.published_at,
        )  # fmt: skip
        Workflow.objects.filter(pk=flow.pk).update(published=second)
        WorkflowVersion.objects.filter(workflow=flow, number=0).update(definition=GREETING, author=None)
        return flow


def live(acme: Any) -> int:
    with enter_tenant(acme):
        return int(Workflow.objects.get().published.number)


def test_the_page_lists_the_versions_and_which_is_live(visit, two):
    page = visit("acme", "editor").get(f"{PATH}/{two.pk}/change/").content.decode()
    assert "Louder" in page
    assert page.count(">Live<") == 1
    assert f"{PATH}/{two.pk}/versions/1/use/" in page
    assert f"{PATH}/{two.pk}/versions/2/use/" not in page
    assert "/use/" not in visit("acme", "viewer").get(f"{PATH}/{two.pk}/change/").content.decode()


def test_what_differs_is_told_by_node_and_field_with_both_texts(visit, two):
    answer = visit("acme", "viewer").get(f"{PATH}/{two.pk}/changes/?from=1&to=2")
    shown = answer.context["comparison"]
    assert shown.marks == {"greet": "changed", "more": "added"}
    (greet,) = [node for node in shown.nodes if node.node == "greet"]
    assert greet.fields[0].name == "config.template"
    page = answer.content.decode()
    assert "<ins>HELLO {{ inputs.name }}</ins>" in page
    assert "<del>Hello" in page
    assert "One more, template, added" in page


def test_the_draft_is_compared_with_what_is_live_at_first(visit, two):
    answer = visit("acme", "viewer").get(f"{PATH}/{two.pk}/changes/")
    assert [side["chosen"] for side in answer.context["sides"]] == ["2", "draft"]
    assert answer.context["comparison"].marks["more"] == "removed"


@pytest.mark.parametrize("query", ["?from=9", "?to=nonsense", "?from=99999999999"])
def test_a_version_that_is_not_there_is_not_found(visit, two, query):
    assert visit("acme", "viewer").get(f"{PATH}/{two.pk}/changes/{query}").status_code == 404


def test_an_earlier_version_is_used_again_after_a_question(visit, acme, two):
    client = visit("acme", "editor")
    address = f"{PATH}/{two.pk}/versions/1/use/"
    assert "Use version 1 again?" in client.get(address).content.decode()
    assert live(acme) == 2
    answer = client.post(address, {"note": "Too loud"}, follow=True)
    assert "New runs use version 1 again" in told(answer)
    assert live(acme) == 1
    with enter_tenant(acme):
        assert "Too loud" in LogEntry.objects.latest("pk").change_message


def test_a_version_is_made_the_draft(visit, acme, two):
    answer = visit("acme", "editor").post(f"{PATH}/{two.pk}/versions/2/restore/", follow=True)
    assert "The draft is version 2 now" in told(answer)
    with enter_tenant(acme):
        assert WorkflowVersion.objects.get(number=0).definition == SHOUTED


@pytest.mark.parametrize("what", ["use", "restore"])
def test_who_may_only_read_goes_nowhere_back(visit, acme, two, what):
    assert visit("acme", "viewer").post(f"{PATH}/{two.pk}/versions/1/{what}/").status_code == 403
    assert live(acme) == 2
    with enter_tenant(acme):
        assert WorkflowVersion.objects.get(number=0).author is None


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_version_goes_out_as_a_file(visit, two, form):
    answer = visit("acme", "viewer").get(f"{PATH}/{two.pk}/export/?version=1&form={form}")
    assert f'filename="{two.slug}.{form}"' in answer["Content-Disposition"]
    assert read(answer.content.decode()).workflow.definition == GREETING
    assert visit("acme", "viewer").get(f"{PATH}/{two.pk}/export/?form=exe").status_code == 404


def test_a_file_is_read_then_imported_with_what_takes_the_place_of_its_needs(bench, visit):
    text = written(bundle_of(bench, team(bench)))
    needs(bench)
    client = visit("globex", "editor")
    page = client.post("/admin/workflows/import/", {"text": text})
    assert {(part["kind"], part["here"]) for part in page.context["brings"]} >= {("workflow", False), ("agent", False)}
    fields = {field.html_name: field for field in page.context["needs"]}
    assert fields
    refused = client.post("/admin/workflows/import/", {"text": text, "_import": "1"})
    assert "Choose what takes its place" in refused.content.decode()
    offered = {name: field.field.choices[1][0] for name, field in fields.items()}
    answer = client.post("/admin/workflows/import/", {"text": text, "_import": "1", **offered}, follow=True)
    assert "is imported as a draft" in told(answer)
    with bench.inside("globex"):
        flow = Workflow.objects.get()
        assert answer.redirect_chain[-1][0].endswith(f"/{flow.pk}/change/")
        assert flow.versions.get().number == 0


def test_people_whom_a_file_names_are_chosen_among_those_of_the_workspace(visit, globex):
    policy = {"who": {"users": ["approver@acme.test"]}}
    asks = {"id": "sure", "type": "approval", "config": {"title": "?", "content": "?", "policy": policy}}
    text = written(
        bundle_of_nodes(
            [asks, {"id": "end", "type": "output", "config": {"outputs": {"text": {"cel": "nodes.sure.content"}}}}],
            [{"from": "sure", "to": "end"}],
        )
    )
    client = visit("globex", "editor")
    [field] = client.post("/admin/workflows/import/", {"text": text}).context["needs"]
    assert field.label == "User approver@acme.test"
    offered = [name for name, _ in field.field.choices]
    assert "approver@globex.test" in offered
    assert not any(name.endswith("@acme.test") for name in offered)
    chosen = {"text": text, "_import": "1", field.html_name: "approver@globex.test"}
    answer = client.post("/admin/workflows/import/", chosen, follow=True)
    assert "is imported as a draft" in told(answer)
    with enter_tenant(globex):
        draft = Workflow.objects.get().versions.get(number=0).definition
    assert draft["nodes"][0]["config"]["policy"]["who"] == {"users": ["approver@globex.test"]}


def bundle_of_nodes(nodes: list[Any], edges: list[Any]) -> Bundle:
    definition = {**GREETING, "start": nodes[0]["id"], "nodes": nodes, "edges": edges}
    return parsed({"format": "nexod.bundle/1", "workflow": {"slug": "b", "name": "B", "definition": definition}})


def test_an_upload_is_read_too_and_a_refusal_names_node_and_field(visit, acme, content):
    from django.core.files.uploadedfile import SimpleUploadedFile

    broken = {
        **GREETING,
        "nodes": [{**GREETING["nodes"][0], "config": {"template": "{{ nope.x }}"}}, *GREETING["nodes"][1:]],
    }
    document = {"format": "nexod.bundle/1", "workflow": {"slug": "b", "name": "B", "definition": broken}}
    file = SimpleUploadedFile("b.json", json.dumps(document).encode())
    answer = visit("acme", "editor").post("/admin/workflows/import/", {"file": file, "_import": "1"})
    assert "Node greet, config.template" in answer.content.decode()
    with enter_tenant(acme):
        assert Workflow.objects.count() == 1


@pytest.mark.parametrize("text", ["", "{", "a: &x 1\nb: *x", "format: nexod.bundle/1"])
def test_what_is_no_workflow_file_is_refused(visit, acme, text):
    answer = visit("acme", "editor").post("/admin/workflows/import/", {"text": text, "_import": "1"})
    assert answer.status_code == 200
    assert answer.context["form"].non_field_errors()


@pytest.mark.parametrize("definition", [{}, {"nodes": [{"id": "a", "type": "agent"}]}, {"nodes": [7], "edges": "x"}])
def test_a_file_whose_workflow_is_half_done_is_told_what_it_lacks(visit, acme, definition):
    document = {"format": "nexod.bundle/1", "workflow": {"slug": "b", "name": "B", "definition": definition}}
    answer = visit("acme", "editor").post("/admin/workflows/import/", {"text": json.dumps(document), "_import": "1"})
    assert answer.status_code == 200
    assert "field is required" in answer.content.decode()
    with enter_tenant(acme):
        assert not Workflow.objects.filter(slug="b").exists()


def test_a_workflow_that_is_here_is_kept_or_replaced(visit, acme, content):
    document = {
        "format": "nexod.bundle/1",
        "workflow": {"slug": content.workflow.slug, "name": "Again", "definition": SHOUTED},
    }
    client = visit("acme", "editor")
    client.post("/admin/workflows/import/", {"text": json.dumps(document), "_import": "1"})
    with enter_tenant(acme):
        assert Workflow.objects.count() == 2
    client.post("/admin/workflows/import/", {"text": json.dumps(document), "_import": "1", "replace": "on"})
    with enter_tenant(acme):
        assert Workflow.objects.count() == 2
        assert content.workflow.versions.get(number=0).definition == SHOUTED


def test_a_viewer_imports_nothing(visit):
    assert visit("acme", "viewer").get("/admin/workflows/import/").status_code == 403
