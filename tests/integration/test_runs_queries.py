"""How often the engine asks the database: the cost of a step must not grow with the run."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants.backend.raw import tenant_connection
from tests.probe import probe
from tests.workbench import Bench, ask, definition, output, text
from workflows.engine import held


def chain(steps: int) -> dict[str, Any]:
    return definition([*(text(f"n{number}") for number in range(steps - 1)), output()])


def statements(bench: Bench, run: Any) -> list[str]:
    """Advance the run and return what Django's connection was asked, transactions' beginnings and ends included."""
    from workflows.engine.loop import advance

    with bench.inside(), CaptureQueriesContext(connection) as captured:
        advance(run)
    return [query["sql"] for query in captured.captured_queries]


def steps_written(found: list[str]) -> int:
    """Return how many of the statements store new steps."""
    return sum('INSERT INTO "workflows_step"' in sql for sql in found)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine what is held would be written in between."""
    monkeypatch.setattr(held, "LONGEST_S", 60.0)


@pytest.mark.usefixtures("patient")
def test_a_chain_of_instant_steps_is_one_statement(bench: Bench) -> None:
    short, long = (statements(bench, bench.start(chain(steps))) for steps in (3, 23))
    assert [steps_written(found) for found in (short, long)] == [1, 1]
    assert len(short) == 2, "one claims and begins a run, one ends it, its steps included"


@pytest.mark.usefixtures("patient")
def test_a_statement_holds_a_bounded_number_of_steps(bench: Bench) -> None:
    run = bench.start(chain(200))
    assert steps_written(statements(bench, run)) == 7
    assert [step.status for step in bench.steps(run)] == ["completed"] * 200
    assert [event.seq for event in bench.events(run)] == list(range(1, bench.run(run).last_seq + 1))


def test_steps_before_one_that_takes_its_time_are_seen_while_it_works(bench: Bench, probes: dict[str, Any]) -> None:
    seen: list[list[str]] = []

    def looks(call: Any) -> None:
        with bench.inside():
            seen.append([f"{step.node} {step.status}" for step in bench.steps(call.run_id)])

    probes["looks"] = looks
    bench.ran(definition([text("a"), text("b"), probe("c", "looks"), text("d"), output()]))
    assert seen == [["a completed", "b completed", "c running"]]


def test_branches_hold_nothing_back(bench: Bench, probes: dict[str, Any]) -> None:
    """A quick branch is seen while the slow one beside it works."""
    seen: list[list[str]] = []

    def looks(call: Any) -> None:
        until = time.monotonic() + 5
        while "quick completed" not in (now := _steps(bench, call.run_id)) and time.monotonic() < until:
            time.sleep(0.01)
        seen.append(now)

    probes["looks"] = looks
    document = definition(
        [text("a"), text("quick"), probe("slow", "looks"), output()], ["a quick", "a slow", "quick end", "slow end"]
    )
    bench.ran(document)
    assert "quick completed" in seen[0]


def _steps(bench: Bench, run: Any) -> list[str]:
    with bench.inside():
        return [f"{step.node} {step.status}" for step in bench.steps(run)]


def test_a_step_that_takes_its_time_is_two(bench: Bench, probes: dict[str, Any]) -> None:
    probes["works"] = lambda call: None
    document = definition([probe("a", "works"), probe("b", "works"), output()])
    short, long = (
        statements(bench, bench.start(doc)) for doc in (definition([probe("a", "works"), output()]), document)
    )
    assert len(long) - len(short) == 2


def test_starting_a_run_asks_a_fixed_number_of_times(bench: Bench) -> None:
    from workflows.actions.runs import start_run

    workflow = bench.workflow(chain(50))
    actor = bench.user()
    with bench.inside(), CaptureQueriesContext(connection) as captured:
        actor.has_perm("workflows.run_workflow")
    permissions = len(captured)
    with bench.inside(), CaptureQueriesContext(connection) as captured:
        start_run(actor=actor, workflow=workflow, inputs={})
    assert permissions <= 2
    assert len(captured) == 3


OPEN_TRANSACTIONS = """
SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'virtualxid' AND usename = session_user AND pid <> pg_backend_pid()
"""


def test_no_transaction_is_open_while_a_node_works(bench: Bench, probes: dict[str, Any]) -> None:
    """Neither of Django's nor of the checkpoints': PostgreSQL says so itself."""
    found: list[int] = []

    def looks(call: Any) -> None:
        with bench.inside():
            found.append(_open_transactions())
            with tenant_connection(bench.tenant("acme")) as other, other.transaction():
                other.execute("SELECT 1")
                found.append(_open_transactions())

    probes["looks"] = looks
    run = bench.ran(definition([ask("ok"), probe("slow", "looks"), output()]))
    bench.decide(run.id, "approve")
    assert bench.advance(run.id).status == "completed"
    assert found == [0, 1]


def _open_transactions() -> int:
    with connection.cursor() as cursor:
        cursor.execute(OPEN_TRANSACTIONS)
        return int(cursor.fetchone()[0])


def test_branches_give_their_connections_back(bench: Bench) -> None:
    branches = [text(f"b{number}") for number in range(8)]
    edges = [f"a {branch['id']}" for branch in branches] + [f"{branch['id']} end" for branch in branches]
    document = definition([text("a"), *branches, output()], edges)
    taken = _connections_taken()  # by whatever other tests left in their threads
    for _ in range(4):
        assert bench.ran(document).status == "completed"
    ends_at = time.monotonic() + 60  # a thread that ends gives its own back a moment later
    while _connections_taken() > taken:
        assert time.monotonic() < ends_at
        time.sleep(0.05)


def _connections_taken() -> int:
    connection.ensure_connection()
    stats = connection.pool.get_stats()  # type: ignore[attr-defined]
    return int(stats["pool_size"] - stats["pool_available"])


def test_a_chain_that_only_computes_needs_no_state_machine(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that asks a person does, once up to the question and once from there."""
    from langgraph.pregel import Pregel

    invoked: list[int] = []
    invoke = Pregel.invoke

    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        invoked.append(1)
        return invoke(self, *args, **kwargs)

    monkeypatch.setattr(Pregel, "invoke", counted)
    run = bench.ran(chain(4))
    assert (run.status, invoked) == ("completed", [])
    assert [step.node for step in bench.steps(run.id)] == ["n0", "n1", "n2", "end"]
    asking = bench.ran(definition([text("a"), ask("b"), text("c"), output()]))
    assert (asking.status, len(invoked)) == ("waiting", 1)
    bench.decide(asking.id, "approve")
    assert (bench.advance(asking.id).status, len(invoked)) == ("completed", 2)
