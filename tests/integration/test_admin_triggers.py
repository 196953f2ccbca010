"""Triggers are made and changed in the admin, their inputs asked for as the workflow names them."""

from __future__ import annotations

from typing import Any

import pytest

from tenants.accounts.models import User
from tenants.context import enter_tenant
from tests.admin import filled, told
from tests.cast import email
from tests.workbench import definition, output, text
from workflows.actions.triggers import create_trigger
from workflows.actions.workflows import create_workflow, publish_workflow
from workflows.models import Firing, Run, Trigger

ADD = "/admin/workflows/trigger/add/"
INPUTS = {
    "type": "object",
    "required": ["topic"],
    "properties": {
        "topic": {"type": "string", "title": "The topic"},
        "most": {"type": "integer", "title": "At most"},
        "tone": {"type": "string", "enum": ["dry", "warm"], "default": "dry"},
    },
}


def published(tenant: Any, name: str, inputs: Any = INPUTS) -> Any:
    with enter_tenant(tenant):
        actor = User.objects.get(email=email("acme", "editor"))
        document = {**definition([text("a", "x"), output()]), "inputs": inputs}
        flow = create_workflow(actor=actor, name=name, definition=document)
        publish_workflow(actor=actor, workflow=flow)
        return flow


@pytest.fixture
def editor(visit: Any, content: Any) -> Any:
    return visit("acme", "editor")


@pytest.fixture
def flow(editor: Any, acme: Any) -> Any:
    return published(acme, "Quarterly report")


def made(tenant: Any, flow: Any, kind: str, **more: Any) -> Trigger:
    with enter_tenant(tenant):
        actor = User.objects.get(email=email("acme", "editor"))
        Trigger.objects.all().delete()
        return create_trigger(actor=actor, name="Mine", workflow=flow, kind=kind, **more)[0]


def new(editor: Any, flow: Any, kind: str, **more: str) -> Any:
    address = f"{ADD}?workflow={flow.pk}&kind={kind}"
    page = editor.get(address)
    assert page.status_code == 200
    given = {**filled(page.content.decode(), "trigger_form"), "name": "Mine", **more}
    return editor.post(address, given)


def trigger_of(acme: Any) -> Trigger:
    with enter_tenant(acme):
        return Trigger.objects.get(name="Mine")


def change(trigger: Trigger) -> str:
    return f"/admin/workflows/trigger/{trigger.pk}/change/"


def test_workflow_and_kind_are_asked_for_first(editor: Any, flow: Any, visit: Any) -> None:
    page = editor.get(ADD).content.decode()
    assert f'<option value="{flow.pk}">Quarterly report</option>' in page
    assert all(f'name="kind" value="{kind}"' in page for kind in ("schedule", "webhook", "event"))
    assert "Quarterly report" not in visit("globex", "editor").get(ADD).content.decode()


def test_each_input_of_the_workflow_has_its_row(editor: Any, flow: Any, acme: Any) -> None:
    page = editor.get(f"{ADD}?workflow={flow.pk}&kind=event").content.decode()
    assert [page.count(title) > 0 for title in ("The topic", "At most", "Tone")] == [True] * 3
    answer = new(
        editor, flow, "event", config_event="run.failed",
        **{"inputs-topic-way": "1", "inputs-topic-1-template": "About {{ event.kind }}",
           "inputs-most-way": "2", "inputs-most-2-value": "5", "inputs-tone-way": "0", "inputs-tone-0-from": "run.tone",
           "inputs-tone-0-default": "warm"},
    )  # fmt: skip
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert trigger_of(acme).inputs == {
        "topic": {"template": "About {{ event.kind }}"}, "most": {"value": 5}, "tone": {"from": "run.tone", "default": "warm"},
    }  # fmt: skip


def test_an_input_that_is_needed_is_asked_for(editor: Any, flow: Any, acme: Any) -> None:
    answer = new(
        editor, flow, "event", config_event="run.failed", **{"inputs-most-way": "2", "inputs-most-2-value": "5"}
    )
    assert answer.status_code == 200
    assert "The topic: Path: This field is required." in answer.context["adminform"].form.errors["inputs"]
    answer = new(editor, flow, "event", config_event="run.failed")
    assert any("inputs.topic" in said for said in answer.context["adminform"].form.errors["inputs"])
    with enter_tenant(acme):
        assert not Trigger.objects.filter(name="Mine").exists()


def test_saving_a_trigger_as_it_is_changes_nothing(editor: Any, flow: Any, acme: Any) -> None:
    inputs = {
        "topic": {"from": "body.title", "default": ""},
        "most": {"value": 7},
        "tone": {"template": "{{ event.id }}"},
    }
    trigger = made(acme, flow, "webhook", inputs=inputs)
    page = editor.get(change(trigger)).content.decode()
    answer = editor.post(change(trigger), filled(page, "trigger_form"))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    after = trigger_of(acme)
    assert (after.inputs, after.config, after.name) == (inputs, trigger.config, trigger.name)


def test_another_workflow_asks_for_its_own_inputs(editor: Any, flow: Any, acme: Any) -> None:
    inputs = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}
    other = published(acme, "Other", inputs)
    trigger = made(acme, flow, "webhook", inputs={"topic": {"value": "Tides"}})
    given = {**filled(editor.get(change(trigger)).content.decode(), "trigger_form"), "workflow": str(other.pk)}
    answer = editor.post(change(trigger), given)
    assert answer.status_code == 200
    assert "inputs-city-way" in answer.content.decode()
    answer = editor.post(change(trigger), {**given, "inputs-city-way": "2", "inputs-city-2-value": "Kiel"})
    assert answer.status_code == 302
    assert trigger_of(acme).inputs == {"city": {"value": "Kiel"}}


def test_a_secret_is_shown_once_on_a_page_of_its_own(editor: Any, flow: Any, acme: Any) -> None:
    answer = new(editor, flow, "webhook", **{"inputs-topic-way": "2", "inputs-topic-2-value": "Tides"})
    page = answer.content.decode()
    assert "whsec_" in page
    assert f"/hooks/{trigger_of(acme).token}" in page
    assert change(trigger_of(acme)) in page
    assert "whsec_" not in editor.get(change(trigger_of(acme))).content.decode()


def test_its_page_shows_the_next_times_and_fires_by_hand(editor: Any, flow: Any, acme: Any, visit: Any) -> None:
    trigger = made(
        acme,
        flow,
        "schedule",
        config={"cron": "0 7 * * *", "zone": "Europe/Berlin"},
        inputs={"topic": {"value": "Tides"}},
    )
    page = editor.get(change(trigger)).content.decode()
    assert page.count("07:00") == 10
    pages = f"/admin/workflows/trigger/{trigger.pk}"
    assert "paused" in told(editor.post(f"{pages}/pause/", follow=True))
    answer = editor.post(f"{pages}/fire/", {"event": ""})
    with enter_tenant(acme):
        firing = Firing.objects.get(trigger=trigger)
        assert answer["Location"] == f"/admin/workflows/firing/{firing.pk}/change/"
        assert Run.objects.get(pk=firing.run_id).inputs["topic"] == "Tides"
    assert visit("acme", "viewer").post(f"{pages}/fire/", {"event": ""}).status_code in (302, 403)
    with enter_tenant(acme):
        assert Firing.objects.filter(trigger=trigger).count() == 1
    assert visit("globex", "owner").post(f"{pages}/fire/", {"event": ""}).status_code == 404
