"""What people and programs see of effects, and how they answer for those of which nobody knows whether they happened."""

from __future__ import annotations

import re

import pytest

from tenants.context import enter_tenant
from tests.admin import told
from workflows.models import Approval, Effect, Run

HIDDEN = "x" * 5_000


@pytest.fixture
def asked(acme, content):
    """An approval about an effect whose outcome is unknown."""
    with enter_tenant(acme):
        Run.objects.filter(pk=content.run.pk).update(waiting_for="person")
        effect = content.effect
        effect.status, effect.result, effect.error = (
            "unknown",
            None,
            {"code": "http_failed", "message": "It broke off."},
        )
        effect.about = "POST https://example.com/orders"
        effect.save()
        Approval.objects.filter(pk=content.approval.pk).update(
            kind="effect", effect=effect, decisions=["happened", "again", "fail"], title="Did it happen? POST"
        )
        return Approval.objects.get(pk=content.approval.pk)


def step_page(visit, content) -> str:
    client = visit("acme", "viewer")
    return client.get(f"/admin/workflows/run/{content.run.pk}/steps/{content.step.pk}/").content.decode()


def test_a_step_shows_what_it_did_outside(visit, content):
    page = step_page(visit, content)
    assert "<h4>Effects</h4>" in page
    assert "POST example.com" in page
    assert "HTTP request" in page
    assert "status" in page.partition("<h4>Effects</h4>")[2]


def test_a_long_result_is_cut(visit, acme, content, program):
    with enter_tenant(acme):
        Effect.objects.filter(pk=content.effect.pk).update(result={"body": HIDDEN})
    assert HIDDEN[:1_900] in step_page(visit, content)
    assert HIDDEN not in step_page(visit, content)
    shown = program("acme", "viewer", scopes=["read"]).get(f"runs/{content.run.pk}/steps/{content.step.pk}")
    assert len(shown["effects"][0]["result_excerpt"]) == 2_000


def test_what_an_effect_gave_is_no_markup(visit, acme, content):
    with enter_tenant(acme):
        Effect.objects.filter(pk=content.effect.pk).update(
            name="<script>1</script>",
            about="<b>",
            result={"body": "<img src=x>"},
            error={"message": "<i>", "code": "c"},
        )
    page = step_page(visit, content)
    assert not any(tag in page for tag in ("<script>1", "<b>", "<img", "<i>"))


def test_the_api_tells_what_a_step_did(program, content):
    answer = program("acme", "viewer", scopes=["read"]).get(f"runs/{content.run.pk}/steps/{content.step.pk}")
    [effect] = answer["effects"]
    assert (effect["kind"], effect["name"], effect["status"]) == ("http", "POST example.com", "done")
    assert (effect["answer"], effect["error"], effect["result_excerpt"]) == (None, None, '{"status": 200}')
    assert not {"key", "fence", "result", "run", "step"} & effect.keys()


def test_many_effects_cost_no_more_queries(program, acme, content, django_assert_max_num_queries):
    with enter_tenant(acme):
        for number in range(30):
            Effect.objects.create(run=content.run, step=content.step, key=str(number), kind="model", name="m")
    client = program("acme", "viewer", scopes=["read"])
    with django_assert_max_num_queries(12):
        found = client.get(f"runs/{content.run.pk}/steps/{content.step.pk}")["effects"]
    assert len(found) == 31


def test_the_page_asks_what_came_of_it(visit, asked):
    page = visit("acme", "approver").get(f"/admin/workflows/approval/{asked.pk}/change/").content.decode()
    for decision in ("happened", "again", "fail"):
        assert f'value="{decision}"' in page
    assert 'value="approve"' not in page
    assert "Result (JSON)" in page


def test_the_inbox_and_the_run_say_what_is_waited_for(visit, content, asked):
    client = visit("acme", "approver")
    assert "Did it happen? POST" in client.get("/admin/workflows/approval/?kind__exact=effect").content.decode()
    run = client.get(f"/admin/workflows/run/{content.run.pk}/change/").content.decode()
    assert "Waiting for person" in run
    assert 'value="happened"' in run


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        ("happened", "It happened. The run goes on."),
        ("again", "Done again. The run goes on."),
        ("fail", "Given up. The step fails."),
    ],
)
def test_an_answer_on_the_page_is_recorded(visit, acme, asked, decision, said):
    client = visit("acme", "approver")
    url = f"/admin/workflows/approval/{asked.pk}/decide/"
    answer = client.post(url, {"decision": decision, "content": "[1]"}, follow=True)
    assert said in told(answer)
    with enter_tenant(acme):
        effect = Effect.objects.get(pk=asked.effect_id)
    assert (effect.status, effect.answer) == ("answered", decision)
    assert effect.result == ([1] if decision == "happened" else None)


def test_a_result_that_is_not_json_is_told_on_the_page(visit, asked):
    url = f"/admin/workflows/approval/{asked.pk}/decide/"
    answer = visit("acme", "approver").post(url, {"decision": "happened", "content": "{a"}, follow=True)
    page = answer.content.decode()
    assert answer.status_code == 400
    [problem] = re.findall(r'role="alert"[^>]* data-problem>([^<]*)<', page)
    assert "has to be JSON" in problem
    assert ">{a</textarea>" in page


def test_a_program_answers_once(program, asked):
    client = program("acme", "approver", scopes=["read", "approve"])
    shown = client.get("approvals?kind=effect")["results"]
    assert [(row["kind"], row["effect"], row["decisions"]) for row in shown] == [
        ("effect", str(asked.effect_id), ["happened", "again", "fail"])
    ]
    url = f"approvals/{asked.pk}/decide"
    refused = client("post", url, {"decision": "approve"})
    assert refused.status_code == 400
    answer = client("post", url, {"decision": "happened", "content": '{"id": 5}'})
    assert (answer.status_code, answer.json()["decision"]) == (200, "happened")
    late = client("post", url, {"decision": "again"})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "approval_already_decided")


def test_the_other_tenant_answers_for_nothing(program, asked):
    client = program("globex", "owner", scopes=["read", "approve"])
    url = f"approvals/{asked.pk}/decide"
    assert client("post", url, {"decision": "again"}).status_code == 404
