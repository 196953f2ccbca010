"""The page of a run, and what keeps it fresh: state, steps, timeline, approval in place, result."""

from __future__ import annotations

import pytest

from nexod.kernel import events
from tenants.context import enter_tenant
from tests.admin import told
from workflows.actions.events import append_event
from workflows.models import Approval, Run, Step


def live(client, run, after: int = 0):
    return client.get(f"/admin/workflows/run/{run.pk}/live/?after={after}").json()


def test_the_page_shows_state_graph_steps_and_approval(visit, content):
    page = visit("acme", "owner").get(f"/admin/workflows/run/{content.run.pk}/change/").content.decode()
    assert "Waiting for approval" in page
    assert 'class="nx-node nx-attention" data-node="ask"' in page
    assert 'class="nx-node nx-idle" data-node="greet"' in page
    assert 'value="approve"' in page
    assert f'data-socket="/ws/runs/{content.run.pk}/"' in page


def test_the_refresh_gives_the_parts_and_what_is_new(visit, acme, content):
    with enter_tenant(acme):
        append_event(content.run.pk, events.RunStarted())
        append_event(content.run.pk, events.StepStarted(node="greet", step="x", node_type="template"))
    client = visit("acme", "viewer")
    everything = live(client, content.run)
    assert everything["seq"] == 2
    assert "greet started" in everything["lines"]
    assert set(everything["parts"]) == {"head", "approval", "result", "graph", "steps"}
    later = live(client, content.run, after=1)
    assert "A worker took the run" not in later["lines"]
    assert "greet started" in later["lines"]
    assert live(client, content.run, after=2)["lines"].strip() == ""


def test_the_approval_in_place_leads_back_to_the_page(visit, acme, content):
    client = visit("acme", "owner")
    page = f"/admin/workflows/run/{content.run.pk}/change/"
    part = live(client, content.run)["parts"]["approval"]
    assert f'name="next" value="{page}"' in part
    answer = client.post(
        f"/admin/workflows/approval/{content.approval.pk}/decide/", {"decision": "approve", "next": page}
    )
    assert answer["Location"] == page
    part = live(client, content.run)["parts"]["approval"]
    assert not any(asked in part for asked in ("<form", 'name="decision"', f'data-ask="{content.approval.pk}"'))
    assert f'data-src="/admin/workflows/run/{content.run.pk}/decisions/" data-version="1"' in part


def test_a_failed_run_says_where_and_why_and_can_be_resumed(visit, acme, content):
    reason = {"code": "model_unavailable", "message": "The model is down.", "node": "greet", "details": {}}
    with enter_tenant(acme):
        Run.objects.filter(pk=content.run.pk).update(status="failed", error=reason, waiting_for="")
        Step.objects.filter(pk=content.step.pk).update(status="failed", error=reason)
    client = visit("acme", "editor")
    page = client.get(f"/admin/workflows/run/{content.run.pk}/change/").content.decode()
    assert "The model is down." in page
    assert "model_unavailable" in page
    answer = client.post(f"/admin/workflows/run/{content.run.pk}/resume/", follow=True)
    assert "The run goes on" in told(answer)
    with enter_tenant(acme):
        assert Run.objects.get(pk=content.run.pk).status == "pending"


def test_a_run_that_is_over_is_not_cancelled_and_says_so(visit, acme, content):
    with enter_tenant(acme):
        Run.objects.filter(pk=content.run.pk).update(status="completed")
    client = visit("acme", "editor")
    answer = client.post(f"/admin/workflows/run/{content.run.pk}/cancel/", follow=True)
    assert "The run is completed already." in told(answer)
    assert "Run again" in answer.content.decode()


def test_cancelling_is_written_into_the_log(visit, content):
    client = visit("acme", "owner")
    client.post(f"/admin/workflows/run/{content.run.pk}/cancel/")
    assert "Cancelled." in client.get("/admin/admin/logentry/").content.decode()


@pytest.mark.parametrize("action", ["cancel", "resume"])
def test_nothing_is_changed_by_a_link(visit, acme, content, action):
    client = visit("acme", "owner")
    assert client.get(f"/admin/workflows/run/{content.run.pk}/{action}/").status_code == 405
    with enter_tenant(acme):
        assert Run.objects.get(pk=content.run.pk).status == "waiting"


def test_what_went_into_a_step_and_came_out_is_escaped(visit, acme, content):
    with enter_tenant(acme):
        Step.objects.filter(pk=content.step.pk).update(output={"text": "<script>alert(1)</script> **bold**", "n": 1})
    path = f"/admin/workflows/run/{content.run.pk}/steps/{content.step.pk}/"
    page = visit("acme", "viewer").get(path).content.decode()
    assert "<script>" not in page
    assert "<strong>bold</strong>" in page


def test_a_step_of_another_run_is_not_found(visit, acme, person, content):
    from tests.content import fill

    with enter_tenant(acme):
        other = fill(person("acme", "owner"), mark="two")
    path = f"/admin/workflows/run/{other.run.pk}/steps/{content.step.pk}/"
    assert visit("acme", "owner").get(path).status_code == 404


def test_an_approval_is_decided_once(visit, acme, content):
    client, path = visit("acme", "owner"), f"/admin/workflows/approval/{content.approval.pk}/decide/"
    assert "Approved" in told(client.post(path, {"decision": "approve", "comment": "Good."}, follow=True))
    again = client.post(path, {"decision": "reject"}, follow=True)
    assert again.status_code == 409
    assert "has been decided already" in again.content.decode()
    with enter_tenant(acme):
        approval = Approval.objects.get(pk=content.approval.pk)
        assert (approval.decision, approval.comment) == ("approve", "Good.")
    assert "Good." in again.content.decode()


def test_an_edited_text_is_what_is_approved(visit, acme, content):
    path = f"/admin/workflows/approval/{content.approval.pk}/decide/"
    visit("acme", "owner").post(path, {"decision": "edit", "content": "Better"})
    with enter_tenant(acme):
        assert Approval.objects.get(pk=content.approval.pk).edited_content == "Better"


def test_a_decision_never_leads_to_another_host(visit, content):
    path = f"/admin/workflows/approval/{content.approval.pk}/decide/"
    answer = visit("acme", "owner").post(path, {"decision": "approve", "next": "https://evil.example/"})
    assert answer["Location"] == f"/admin/workflows/approval/{content.approval.pk}/change/"


def test_what_waits_comes_first_and_what_was_decided_elsewhere(visit, acme, person, content):
    from tests.content import fill

    with enter_tenant(acme):
        Approval.objects.filter(pk=fill(person("acme", "owner"), mark="zwei").approval.pk).update(status="decided")
    client = visit("acme", "owner")
    page, decided = (
        client.get(f"/admin/workflows/approval/{query}").content.decode() for query in ("", "?view=decided")
    )
    assert ("Good? one" in page, "Good? zwei" in page) == (True, False)
    assert ("Good? one" in decided, "Good? zwei" in decided) == (False, True)
