"""Workflows in the admin: checked while they are written, saved, published, run from a form made of their inputs."""

from __future__ import annotations

import json

import pytest

from tenants.context import enter_tenant
from tests.admin import filled, told
from tests.content import GREETING
from workflows import starters
from workflows.models import Run, Workflow, WorkflowVersion

BROKEN = {**GREETING, "nodes": [{**GREETING["nodes"][0], "config": {"template": "{{ nope.x }}"}}, *GREETING["nodes"][1:]],
          "edges": [{"from": "greet", "to": "nowhere"}]}  # fmt: skip
PATH = "/admin/workflows/workflow"


def data(definition: object, **more: str) -> dict[str, str]:
    text = definition if isinstance(definition, str) else json.dumps(definition)
    return {"name": "Hello", "slug": "", "description": "", "definition": text, **more}


def test_the_check_names_node_and_field_and_draws(visit):
    answer = visit("acme", "editor").post("/admin/workflows/check/", data(BROKEN)).json()
    assert any(problem["node"] == "greet" for problem in answer["problems"])
    assert all(problem["text"] for problem in answer["problems"])
    assert answer["graph"].startswith("<svg")


def test_the_check_of_something_that_is_not_json_says_where(visit):
    answer = visit("acme", "editor").post("/admin/workflows/check/", data('{"format": ')).json()
    assert "line 1" in answer["problems"][0]["text"]
    assert answer["graph"] == ""


def test_the_check_of_a_good_definition_has_nothing_to_say(visit):
    assert visit("acme", "editor").post("/admin/workflows/check/", data(GREETING)).json()["problems"] == []


def test_a_workflow_is_saved_as_a_draft(visit, acme):
    answer = visit("acme", "editor").post(f"{PATH}/add/", data(GREETING), follow=True)
    assert "was added successfully" in told(answer)
    with enter_tenant(acme):
        workflow = Workflow.objects.get()
        assert (workflow.slug, workflow.published) == ("hello", None)


def test_problems_are_shown_and_the_text_is_kept(visit, acme):
    answer = visit("acme", "editor").post(f"{PATH}/add/", data(BROKEN))
    errors = answer.context["adminform"].form.errors["definition"]
    assert any("Node greet" in error for error in errors)
    assert any("nowhere" in error for error in errors)
    assert "nope.x" in answer.content.decode()
    with enter_tenant(acme):
        assert not Workflow.objects.exists()


def test_saving_and_publishing_is_one_press(visit, acme):
    client = visit("acme", "editor")
    answer = client.post(f"{PATH}/add/", data(GREETING, _publish="1", note="First"), follow=True)
    assert "Version 1 is published" in told(answer)
    with enter_tenant(acme):
        version = WorkflowVersion.objects.get(number=1)
        assert (version.note, version.workflow.published_id) == ("First", version.pk)


def test_the_page_tells_when_the_draft_differs(visit, acme, content):
    client = visit("acme", "editor")
    path = f"{PATH}/{content.workflow.pk}/change/"
    page = client.get(path).content.decode()
    assert "Version 1 is published" in page
    assert "The draft differs" not in page
    changed = {**GREETING, "description": "Changed"}
    client.post(path, {**filled(page, "workflow_form"), "definition": json.dumps(changed)})
    assert "The draft differs" in client.get(path).content.decode()


def test_a_published_version_is_shown_as_it_is(visit, content):
    page = visit("acme", "viewer").get(f"{PATH}/{content.workflow.pk}/versions/1/").content.decode()
    assert "nexod.workflow/1" in page
    assert "<svg" in page


def test_a_workflow_is_deleted_and_its_runs_stay(visit, acme, content):
    visit("acme", "editor").post(f"{PATH}/{content.workflow.pk}/delete/", {"post": "yes"})
    with enter_tenant(acme):
        assert not Workflow.objects.exists()
        assert Run.objects.get(pk=content.run.pk).workflow is None


def test_the_form_of_a_run_is_made_of_the_inputs(visit, acme, content):
    client = visit("acme", "editor")
    page = client.get("/admin/start/workflow/greeting-one/").content.decode()
    assert 'name="input-name"' in page
    answer = client.post("/admin/start/workflow/greeting-one/", {"input-name": "Ada"})
    with enter_tenant(acme):
        run = Run.objects.exclude(pk=content.run.pk).get()
        assert (run.inputs, run.status, run.started_by.email) == ({"name": "Ada"}, "pending", "editor@acme.test")
    assert answer["Location"] == f"/admin/workflows/run/{run.pk}/change/"


def test_running_again_begins_with_the_same_inputs(visit, content):
    page = visit("acme", "editor").get(f"/admin/start/workflow/greeting-one/?from={content.run.pk}").content.decode()
    assert 'value="one"' in page
    assert visit("acme", "editor").get("/admin/start/workflow/greeting-one/?from=x").status_code == 404


def test_a_missing_input_is_said_at_its_field(visit, acme, content):
    answer = visit("acme", "editor").post("/admin/start/workflow/greeting-one/", {})
    assert answer.context["form"].errors == {"name": ["This field is required."]}
    with enter_tenant(acme):
        assert Run.objects.count() == 1


def test_a_reached_limit_is_said_above_the_form(visit, acme, content):
    from tenants.context import enter_platform
    from tenants.models import Plan

    with enter_platform():
        Plan.objects.update(runs_per_day=1)
    client = visit("acme", "editor")
    client.post("/admin/start/workflow/greeting-one/", {"input-name": "Ada"})
    answer = client.post("/admin/start/workflow/greeting-one/", {"input-name": "Bob"})
    assert "The plan allows 1 runs today" in answer.content.decode()


@pytest.mark.parametrize(("kind", "field"), [("agent", "task"), ("crew", None)])
def test_agents_and_crews_run_too(visit, acme, content, kind, field):
    client = visit("acme", "editor")
    answer = client.post(f"/admin/start/{kind}/{kind}-one/", {f"input-{field}": "Do it"} if field else {})
    assert answer.status_code == 302
    with enter_tenant(acme):
        assert Run.objects.filter(kind=kind).count() == 1


def test_a_draft_cannot_be_run(visit, acme):
    client = visit("acme", "editor")
    client.post(f"{PATH}/add/", data(GREETING))
    page = client.get("/admin/start/workflow/hello/").content.decode()
    assert "no published version" in page
    client.post("/admin/start/workflow/hello/", {"input-name": "Ada"})
    with enter_tenant(acme):
        assert not Run.objects.exists()


def test_a_starter_is_installed_with_all_it_needs(visit, acme, globex, content):
    with enter_tenant(acme):
        type(content.connection).objects.update(is_default=True)
    client = visit("acme", "editor")
    assert "Briefing" in client.get("/admin/workflows/starters/").content.decode()
    answer = client.post("/admin/workflows/starters/briefing/install/", follow=True)
    assert "is installed and published" in told(answer)
    with enter_tenant(acme):
        assert Workflow.objects.get(starter="briefing").published
    with enter_tenant(globex):
        assert not Workflow.objects.exists()
    assert "Open it" in client.get("/admin/workflows/starters/").content.decode()


@pytest.mark.parametrize("starter", starters.all_starters(), ids=lambda starter: starter.slug)
def test_every_starter_is_installed_with_one_press(visit, acme, globex, content, starter):
    with enter_tenant(acme):
        type(content.connection).objects.update(is_default=True, base_url="https://m.example/v1")
    client = visit("acme", "editor")
    assert starter.name in client.get("/admin/workflows/starters/").content.decode()
    answer = client.post(f"/admin/workflows/starters/{starter.slug}/install/", follow=True)
    assert "is installed and published" in told(answer)
    with enter_tenant(acme):
        assert Workflow.objects.get(starter=starter.slug).published
    with enter_tenant(globex):
        assert not Workflow.objects.exists()


def test_a_starter_that_cannot_be_installed_says_why(visit):
    answer = visit("acme", "editor").post("/admin/workflows/starters/briefing/install/", follow=True)
    assert "There is no default model connection" in told(answer)
