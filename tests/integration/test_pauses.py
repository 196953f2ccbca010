"""A person pauses a run: it stops before its next step, waits for a person, and goes on without doing anything twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from nexod.kernel.errors import PermissionDenied, Unavailable
from tenants.context import enter_tenant
from tests.probe import probe
from tests.workbench import Bench, ask, definition, output, text
from workflows.errors import RunIsOver
from workflows.models import Run

Probes = dict[str, Callable[[Any], Any]]


def pause(bench: Bench, run: UUID, *, role: str = "editor", slug: str = "acme") -> Any:
    from workflows.actions.pauses import pause_run

    with bench.inside(slug):
        return pause_run(actor=bench.user(role, slug), run=bench.run(run, slug=slug))


def go_on(bench: Bench, run: UUID) -> Any:
    from workflows.actions.runs import resume_run

    with bench.inside():
        return resume_run(actor=bench.user(), run=bench.run(run))


def stands(bench: Bench, run: UUID) -> tuple[str, str, str]:
    found = bench.run(run)
    return found.status, found.waiting_for, bench.ticket(run).state


def test_a_run_that_nobody_works_on_is_paused_at_once(bench: Bench) -> None:
    run = bench.start(definition([text("a"), output()]))
    pause(bench, run)
    assert stands(bench, run) == ("waiting", "person", "parked")
    assert bench.advance(run).status == "waiting"
    assert bench.steps(run) == []
    assert bench.types(run) == ["run.created", "run.pause_requested", "run.waiting"]
    assert go_on(bench, run).status == "pending"
    assert bench.advance(run).status == "completed"


def test_a_run_at_work_finishes_its_step_and_stops_before_the_next(bench: Bench, probes: Probes) -> None:
    done: list[str] = []

    def first(call: Any) -> None:
        pause(bench, UUID(call.run_id))
        time.sleep(0.5)
        done.append(call.node)

    probes["first"] = first
    probes["second"] = lambda call: done.append(call.node)
    run = bench.start(definition([probe("one", "first"), probe("two", "second"), output()]))
    bench.advance(run)
    assert stands(bench, run) == ("waiting", "person", "parked")
    assert (done, [step.status for step in bench.steps(run)]) == (["one"], ["completed"])
    assert bench.types(run)[-2:] == ["step.completed", "run.waiting"]
    go_on(bench, run)
    assert bench.advance(run).status == "completed"
    assert done == ["one", "two"]
    assert "run.resumed" in bench.types(run)


def test_parallel_steps_all_finish_before_the_run_stops(bench: Bench, probes: Probes) -> None:
    both = threading.Barrier(2)
    done: list[str] = []

    def side(call: Any) -> None:
        both.wait(60)
        if call.node == "b":
            pause(bench, UUID(call.run_id))
        time.sleep(0.4 if call.node == "b" else 0.8)
        done.append(call.node)

    probes["side"] = side
    nodes = [text("a"), probe("b", "side"), probe("c", "side"), output("end")]
    run = bench.start(definition(nodes, ["a b", "a c", "b end", "c end"]))
    bench.advance(run)
    assert stands(bench, run) == ("waiting", "person", "parked")
    assert sorted(done) == ["b", "c"]
    go_on(bench, run)
    assert bench.advance(run).status == "completed"
    assert sorted(done) == ["b", "c"]


def test_between_two_tries_a_run_stops_at_once(bench: Bench, probes: Probes) -> None:
    tries: list[float] = []

    def fails_once(call: Any) -> None:
        tries.append(time.monotonic())
        if len(tries) == 1:
            threading.Timer(0.3, pause, (bench, UUID(call.run_id))).start()
            raise Unavailable("Not now.")

    probes["fails"] = fails_once
    retry = {"retry": {"attempts": 3, "backoff_s": 2.5, "jitter": "none"}}
    run = bench.start(definition([probe("one", "fails", more=retry), output()]))
    bench.advance(run)
    assert time.monotonic() - tries[0] < 2.4
    assert (stands(bench, run), len(tries)) == (("waiting", "person", "parked"), 1)
    go_on(bench, run)
    assert bench.advance(run).status == "completed"
    assert len(tries) == 2


def test_a_decision_does_not_move_a_paused_run(bench: Bench) -> None:
    run = bench.ran(definition([ask("ok"), text("after"), output()])).id
    pause(bench, run)
    assert stands(bench, run) == ("waiting", "person", "parked")
    bench.decide(run, "approve")
    bench.advance(run)
    assert stands(bench, run) == ("waiting", "person", "parked")
    go_on(bench, run)
    assert bench.advance(run).status == "completed"


def test_a_run_that_was_paused_while_it_waited_for_an_approval_waits_for_it_again(bench: Bench) -> None:
    run = bench.ran(definition([ask("ok"), output()])).id
    pause(bench, run)
    go_on(bench, run)
    bench.advance(run)
    assert stands(bench, run) == ("waiting", "approval", "parked")
    bench.decide(run, "approve")
    assert bench.advance(run).status == "completed"


def test_a_run_that_is_resumed_before_it_stopped_goes_on(bench: Bench, probes: Probes) -> None:
    def hesitates(call: Any) -> None:
        pause(bench, UUID(call.run_id))
        time.sleep(0.7)
        go_on(bench, UUID(call.run_id))
        time.sleep(0.7)

    probes["hesitates"] = hesitates
    run = bench.start(definition([probe("one", "hesitates"), text("two"), output()]))
    assert bench.advance(run).status == "completed"
    assert "run.waiting" not in bench.types(run)


def test_a_paused_run_can_be_cancelled(bench: Bench) -> None:
    from workflows.actions.runs import cancel_run

    run = bench.start(definition([text("a"), output()]))
    pause(bench, run)
    with bench.inside():
        assert cancel_run(actor=bench.user(), run=bench.run(run)).status == "cancelled"
    assert not bench.run(run).pause_requested


def test_pausing_again_changes_nothing_and_a_run_that_is_over_refuses(bench: Bench) -> None:
    run = bench.start(definition([text("a"), output()]))
    pause(bench, run)
    told = bench.types(run)
    pause(bench, run)
    assert bench.types(run) == told
    go_on(bench, run)
    bench.advance(run)
    with pytest.raises(RunIsOver):
        pause(bench, run)


def test_who_may_only_look_may_not_pause(bench: Bench) -> None:
    run = bench.start(definition([text("a"), output()]))
    for role in ("viewer", "approver"):
        with pytest.raises(PermissionDenied):
            pause(bench, run, role=role)
    assert bench.types(run) == ["run.created"]


def test_the_api_pauses_and_resumes(program: Any, acme: Any) -> None:
    editor = program("acme", "editor")
    body = {"name": "Pause", "definition": definition([text("a"), output()])}
    workflow = editor("post", "workflows", body).json()["id"]
    editor("post", f"workflows/{workflow}/publish")
    url = editor("post", f"workflows/{workflow}/runs", {"inputs": {}}).json()["url"]
    for _ in range(2):
        answer = editor("post", f"{url}/pause")
        assert answer.status_code == 200, answer.content
        assert (answer.json()["status"], answer.json()["waiting_for"]) == ("waiting", "person")
    assert program("globex", "owner")("post", f"{url}/pause").status_code == 404
    assert program("acme", "viewer")("post", f"{url}/pause").status_code == 403
    assert editor("post", f"{url}/resume").json()["status"] == "pending"
    editor("post", f"{url}/cancel")
    assert editor("post", f"{url}/pause").status_code == 409


def test_the_admin_pauses_and_lets_go_on(visit: Any, content: Any, acme: Any) -> None:
    client = visit("acme", "editor")
    page, action = f"/admin/workflows/run/{content.run.pk}/change/", f"/admin/workflows/run/{content.run.pk}"
    assert f"{action}/pause/" in client.get(page).content.decode()
    client.post(f"{action}/pause/")
    shown = client.get(page).content.decode()
    assert "Waiting for person" in shown
    assert f"{action}/pause/" not in shown
    assert "Go on" in shown
    client.post(f"{action}/resume/")
    with enter_tenant(acme):
        assert not Run.objects.get(pk=content.run.pk).pause_requested
