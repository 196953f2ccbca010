"""Steps that wait for a time or a callback hold no worker, and go on once, whoever comes first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from nexod.kernel.errors import NotFound
from tests.workbench import Bench, definition, node, output, text
from workflows.errors import CallbackTaken, RunIsOver, WaitTooLong
from workflows.models import Wait

WAIT: dict[str, Any] = {"callback": {}}


def waiting(config: dict[str, Any], *after: dict[str, Any], **more: Any) -> dict[str, Any]:
    return definition([text("a"), node("rest", "wait", config), *after, output(came="{{ nodes.rest.came }}")], **more)


def stands(bench: Bench, run: UUID) -> tuple[str, str, str]:
    found = bench.run(run)
    return found.status, found.waiting_for, bench.ticket(run).state


def token(bench: Bench, run: UUID, *, slug: str = "acme", node: str = "rest") -> str:
    from workflows.actions.callbacks import callback_token

    with bench.inside(slug):
        return callback_token(run, node)


def call_back(
    bench: Bench, run: UUID, body: Any = None, *, slug: str = "acme", signed: str = "", node: str = "rest"
) -> None:
    from workflows.actions.callbacks import take_callback

    with bench.inside(slug):
        take_callback(token=signed or token(bench, run, node=node), body=body)


def let_pass(bench: Bench, run: UUID) -> None:
    """Move what the run waits for into the past, as the clock does."""
    with bench.inside():
        Wait.objects.filter(run=run).update(due_at=timezone.now() - timedelta(seconds=1))


def test_a_duration_parks_the_run_until_its_time_has_come(bench: Bench) -> None:
    run = bench.start(waiting({"seconds": "3600"}))
    bench.advance(run)
    # The ticket is ready at that time, so that the sweeper sends it; a message that comes early changes nothing.
    assert stands(bench, run) == ("waiting", "timer", "ready")
    assert bench.advance(run).status == "waiting"
    assert 3500 < (bench.ticket(run).not_before - timezone.now()).total_seconds() < 3600
    let_pass(bench, run)
    again = resumed(bench, run)
    assert (again.status, again.outputs) == ("completed", {"came": "True"})
    assert bench.types(run).count("step.waiting") == 1


def resumed(bench: Bench, run: UUID) -> Any:
    """Do what the sweeper does when the time has come."""
    from workflows.actions.waking import wake

    with bench.inside():
        wake(run, bench.run(run).queue)
    return bench.advance(run)


def test_a_time_that_has_passed_does_not_park(bench: Bench) -> None:
    run = bench.ran(waiting({"until": "2020-01-01T00:00:00Z"}))
    assert run.status == "completed"


def test_a_person_can_let_a_timer_end_now(bench: Bench) -> None:
    from workflows.actions.runs import resume_run

    run = bench.start(waiting({"seconds": "3600"}))
    with bench.inside():
        resume_run(actor=bench.user(), run=bench.advance(run))
    assert bench.advance(run).status == "completed"


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"until": "tomorrow"}, "time_unreadable"),
        ({"seconds": "dyn('soon')"}, "time_unreadable"),
        ({"seconds": "-1"}, "time_unreadable"),
        ({"until": "2999-01-01T00:00:00Z"}, WaitTooLong.code),
    ],
)
def test_a_time_that_cannot_be_waited_for_fails_the_step(bench: Bench, config: dict[str, Any], code: str) -> None:
    assert bench.ran(waiting(config)).error["code"] == code


def test_a_callback_lets_the_run_go_on_once(bench: Bench) -> None:
    run = bench.start(waiting(WAIT, text("b", "{{ nodes.rest.body.paid }}")))
    bench.advance(run)
    assert stands(bench, run) == ("waiting", "callback", "parked")
    call_back(bench, run, {"paid": 7})
    with pytest.raises(CallbackTaken):
        call_back(bench, run, {"paid": 8})
    assert bench.advance(run).status == "completed"
    assert [step.output for step in bench.steps(run) if step.node == "b"] == [{"text": "7"}]
    with pytest.raises(RunIsOver):
        call_back(bench, run)


def test_a_callback_that_comes_before_the_run_is_found_there(bench: Bench) -> None:
    run = bench.start(waiting(WAIT))
    call_back(bench, run, {"early": True})
    with pytest.raises(CallbackTaken):
        call_back(bench, run)
    assert bench.advance(run).outputs == {"came": "True"}


def test_nobody_calls_back_and_the_route_for_that_is_taken(bench: Bench) -> None:
    nodes = [
        node("rest", "wait", {"callback": {"timeout_s": 60}}),
        output("late", x="late"),
        output("end", x="in time"),
    ]
    run = bench.start(definition(nodes, ["rest late timeout", "rest end"]))
    bench.advance(run)
    let_pass(bench, run)
    assert resumed(bench, run).outputs == {"x": "late"}


def test_nobody_calls_back_and_the_step_fails(bench: Bench) -> None:
    run = bench.start(waiting({"callback": {"timeout_s": 60}}))
    bench.advance(run)
    let_pass(bench, run)
    assert resumed(bench, run).error["code"] == "callback_missing"


def test_a_callback_of_acme_opens_nothing_at_globex(bench: Bench) -> None:
    run = bench.start(waiting(WAIT))
    bench.advance(run)
    for slug, signed in (("globex", token(bench, run)), ("acme", token(bench, run, slug="globex")), ("acme", "x.y")):
        with pytest.raises(NotFound):
            call_back(bench, run, slug=slug, signed=signed)
    assert stands(bench, run)[0] == "waiting"


def test_the_address_that_the_run_gives_out_is_called_without_a_key(bench: Bench) -> None:
    nodes = [text("a", "{{ run.callbacks.rest }}"), node("rest", "wait", WAIT), output(came="{{ nodes.rest.body.ok }}")]
    run = bench.start(definition(nodes))
    bench.advance(run)
    address = bench.steps(run)[0].output["text"]
    host, _, path = address.removeprefix("https://").partition("/")
    assert host == "acme.test"
    hosts = ("globex.test", host, host)
    called = [Client().post(f"/{path}", {"ok": 1}, "application/json", headers={"host": at}) for at in hosts]
    assert [response.status_code for response in called] == [404, 202, 409]
    assert bench.advance(run).outputs == {"came": "1"}


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"[" * 100_000, 400), (b"x" * 300_000, 413), (b"", 202)])
def test_what_a_callback_brings_is_bounded(bench: Bench, body: bytes, status: int) -> None:
    run = bench.start(waiting(WAIT))
    bench.advance(run)
    path = f"/callbacks/{token(bench, run)}"
    answer = Client().generic("POST", path, body, "application/json", headers={"host": "acme.test"})
    assert answer.status_code == status, answer.content


def test_a_waiting_run_that_is_cancelled_waits_for_nothing(bench: Bench) -> None:
    from workflows.actions.runs import cancel_run

    run = bench.start(waiting(WAIT))
    with bench.inside():
        cancel_run(actor=bench.user(), run=bench.advance(run))
    assert bench.run(run).status == "cancelled"
    with pytest.raises(RunIsOver):
        call_back(bench, run)


def test_a_step_that_is_tried_again_waits_anew(bench: Bench) -> None:
    from workflows.actions.runs import resume_run

    run = bench.start(waiting({"callback": {"timeout_s": 60}}))
    bench.advance(run)
    let_pass(bench, run)
    with bench.inside():
        resume_run(actor=bench.user(), run=resumed(bench, run))
    bench.advance(run)
    assert stands(bench, run)[:2] == ("waiting", "callback")
    call_back(bench, run)
    assert bench.advance(run).status == "completed"
