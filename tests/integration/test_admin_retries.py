"""Failed runs in the admin: found by their reason, resumed as they are or changed, many at once; what was undone is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from nexod.kernel.errors import InvalidInput, Unavailable
from tests.probe import probe
from tests.workbench import Bench, ask, choose, definition, output, text

Json = dict[str, Any]
Visit = Callable[[str, str], Client]
LIST = "/admin/workflows/run/"
NODES = [text("a", "On {{ inputs.topic }}"), text("b", "{{ 6 // (inputs.topic | length - 5) }}")]


@pytest.fixture
def visit(bench: Bench) -> Visit:
    """Log people in so that really committed runs are theirs."""

    def come_in(slug: str, role: str) -> Client:
        client = Client(headers={"host": f"{slug}.test"})
        with bench.inside(slug):
            client.force_login(bench.user(role, slug))
        return client

    return come_in


def failed(bench: Bench, *, slug: str = "acme", **more: Any) -> Any:
    run = bench.ran(definition([*NODES, output(said="{{ nodes.a.text }}")], **more), slug=slug)
    assert run.status == "failed"
    return run


def page_of(run: Any, what: str = "change") -> str:
    return f"{LIST}{run.id}/{what}/"


def posted(run: Any, **changed: Any) -> Json:
    """Return what the form of an unchanged run sends, and what a person changed."""
    return {
        "node": "",
        "input-topic": run.inputs["topic"],
        "output-a": json.dumps({"text": "On tides"}),
        "output-b": "",
        **changed,
    }


def test_the_page_offers_it_to_whoever_may_run(bench: Bench, visit: Visit) -> None:
    run = failed(bench)
    shown = visit("acme", "editor").get(page_of(run))
    assert shown.status_code == 200, shown["Location"]
    assert page_of(run, "retry") in shown.content.decode()
    assert page_of(run, "retry") not in visit("acme", "viewer").get(page_of(run)).content.decode()
    assert visit("acme", "viewer").get(page_of(run, "retry")).status_code == 403
    assert visit("globex", "owner").get(page_of(run, "retry")).status_code == 404


def test_the_form_holds_what_the_run_has(bench: Bench, visit: Visit) -> None:
    run = failed(bench)
    page = visit("acme", "editor").get(page_of(run, "retry")).content.decode()
    assert 'value="tides"' in page
    assert "On tides" in page
    assert "From Template: 2 steps anew" in page


def test_other_inputs_let_it_go_on(bench: Bench, visit: Visit) -> None:
    run, client = failed(bench), visit("acme", "editor")
    answer = client.post(page_of(run, "retry"), posted(run, **{"input-topic": "oceans"}))
    assert (answer.status_code, answer["Location"]) == (302, page_of(run))
    again = bench.advance(run.id)
    assert (again.status, again.outputs) == ("completed", {"said": "On tides"})


def test_from_an_earlier_step_and_with_an_output_given(bench: Bench, visit: Visit) -> None:
    client = visit("acme", "editor")
    run = failed(bench)
    client.post(page_of(run, "retry"), posted(run, **{"input-topic": "oceans", "node": "a"}))
    assert bench.advance(run.id).outputs == {"said": "On oceans"}
    other = failed(bench)
    client.post(page_of(other, "retry"), posted(other, **{"output-b": '{"text": "six"}'}))
    assert bench.advance(other.id).status == "completed"
    steps = {step.node: step.output for step in bench.steps(other.id)}
    assert steps["b"] == {"text": "six"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"output-a": "{"}, "This is not JSON"),
        ({"output-a": '{"text": 3}'}, "text"),
        ({"output-a": '{"text": "x"}', "node": "a"}, "whose output would be used"),
        ({"node": "nowhere"}, "Select a valid choice"),
        ({"input-topic": ""}, ""),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_lost(
    bench: Bench, visit: Visit, changed: Json, said: str
) -> None:
    required = {"type": "object", "required": ["topic"], "properties": {"topic": {"type": "string"}}}
    workflow = definition([*NODES, output(said="ok")], inputs=required)
    run = bench.ran(workflow, {"topic": "tides"})
    page = visit("acme", "editor").post(page_of(run, "retry"), posted(run, **changed))
    text_ = page.content.decode()
    assert page.status_code == 200
    assert 'class="errorlist' in text_
    assert said in text_
    assert bench.run(run.id).status == "failed"


def test_a_node_with_routes_cannot_be_given_by_hand(bench: Bench, visit: Visit) -> None:
    nodes = [choose("c", "on", other="false"), NODES[1], output()]
    run = bench.ran(definition(nodes, ["c b on", "c end other", "b end"]))
    page = visit("acme", "editor").get(page_of(run, "retry")).content.decode()
    assert 'name="output-b"' in page
    assert 'name="output-c"' not in page


def test_a_run_that_did_not_fail_leads_back(bench: Bench, visit: Visit) -> None:
    run = bench.ran(definition([text("a"), output()]))
    answer = visit("acme", "editor").get(page_of(run, "retry"))
    assert (answer.status_code, answer["Location"]) == (302, page_of(run))


def test_failed_runs_are_listed_by_reason(bench: Bench, visit: Visit) -> None:
    run = failed(bench)
    bench.ran(definition([text("a"), output()]))
    code = run.error["code"]
    client = visit("acme", "viewer")
    page = client.get(f"{LIST}?reason={code}").content.decode()
    assert f"{code.replace('_', ' ')} at b" in page
    assert f"{code.replace('_', ' ')} (1)" in page
    assert page.count("nx-chip nx-bad") == 1
    assert "nx-chip nx-bad" not in client.get(f"{LIST}?reason=workers_lost").content.decode()
    assert code not in visit("globex", "owner").get(LIST).content.decode()


def test_many_are_resumed_at_once_and_who_may_not_resumes_none(bench: Bench, visit: Visit) -> None:
    runs = [failed(bench) for _ in range(3)]
    done = bench.ran(definition([text("a"), output()]))
    chosen = {"action": "resume_failed", "_selected_action": [str(run.id) for run in [*runs, done]], "confirmed": "yes"}
    visit("acme", "viewer").post(LIST, chosen)
    assert {bench.run(run.id).status for run in runs} == {"failed"}
    page = visit("acme", "editor").post(LIST, chosen).content.decode()
    assert "3 of 4 done" in page
    assert page.count("Goes on") == 3
    assert {bench.run(run.id).status for run in runs} == {"pending"}


def test_what_was_undone_and_what_was_handled_is_shown(bench: Bench, visit: Visit, probes: Any) -> None:
    def does(call: Any) -> None:
        if call.node in ("unb", "x", "y"):
            raise InvalidInput("no way")

    probes.update(does=does)
    done = [probe("a", "does", more={"undo": "una"}), probe("b", "does", more={"undo": "unb"})]
    rest = [probe("x", "does"), text("sorry"), probe("y", "does"), output(), probe("una", "does"), probe("unb", "does")]
    ways = ["a b", "b x", "x end", "x sorry error", "sorry y", "y end"]
    run = bench.ran(definition([*done, *rest], ways))
    page = visit("acme", "viewer").get(page_of(run)).content.decode()
    assert "Undone: Probe" in page
    assert "Not undone: Probe." in page
    assert "Failed, handled" in page
    assert 'class="nx-edge nx-fails nx-passed"' in page
    assert page.count('class="nx-edge nx-undo') == 2
    assert "undone by" in page
    assert "1 of 2 undone" in page


def test_history_is_marked(bench: Bench, visit: Visit) -> None:
    from workflows.actions.retries import retry_run
    from workflows.models import Run

    run = failed(bench)
    with bench.inside():
        retry_run(actor=bench.user(), run=Run.objects.get(pk=run.id), node="a")
    bench.advance(run.id)
    page = visit("acme", "viewer").get(page_of(run)).content.decode()
    assert page.count("nx-step nx-history") == 2
    assert "Changed before it goes on by editor@acme.test" in page
    assert UUID(str(run.id)) == run.id


def test_a_run_that_is_being_undone_says_so(bench: Bench, visit: Visit, probes: Any) -> None:
    from workflows.actions.runs import cancel_run
    from workflows.models import Run

    def fails(call: Any) -> None:
        raise Unavailable

    probes.update(does=lambda call: "ok", fails=fails)
    later = {"retry": {"attempts": 2, "backoff_s": 100, "jitter": "none"}}
    nodes = [probe("a", "does", more={"undo": "una"}), ask("ok"), output(), probe("una", "fails", more=later)]
    run = bench.ran(definition(nodes, ["a ok", "ok end"]))
    with bench.inside():
        cancel_run(actor=bench.user("owner"), run=Run.objects.get(pk=run.id))
    client = visit("acme", "viewer")
    assert "Being cancelled" in client.get(page_of(run)).content.decode()
    assert bench.advance(run.id).waiting_for == "timer"
    page = client.get(page_of(run)).content.decode()
    assert "Being undone" in page
    assert "What the run did is being undone." in page
    assert "Tried again" in page
