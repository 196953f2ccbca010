"""Checkpoints that somebody altered, and state that no checkpoint holds: one error of ours, and nothing else harmed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypedDict

import ormsgpack
import pytest
from django.db import connection, transaction
from langgraph.checkpoint.conformance.test_utils import generate_checkpoint, generate_config, generate_metadata
from langgraph.graph import START, StateGraph

from tests.probe import probe
from tests.workbench import Bench, ask, definition, output, text
from workflows.engine.checkpoints import (
    CheckpointOutdated,
    CheckpointRefused,
    CheckpointUnreadable,
    TenantSaver,
    open_saver,
)
from workflows.engine.checkpoints.parking import Parking
from workflows.errors import StateTooLarge

LARGE = "large " * 2_000
Probes = dict[str, Any]


def put(saver: TenantSaver, thread: str = "t", value: Any = "value", **metadata: Any) -> Any:
    checkpoint = generate_checkpoint(channel_values={"said": value, "large": LARGE}, channel_versions={"said": 1})
    stored = saver.put(generate_config(thread), checkpoint, generate_metadata(**metadata), {"said": 1})
    saver.put_writes(stored, [("said", "w")], "task")
    return stored


def alter(bench: Bench, sql: str, slug: str = "acme") -> None:
    with bench.inside(slug), connection.cursor() as cursor:
        cursor.execute(sql)
        assert cursor.rowcount > 0, "what was to be altered is not there"


FORGED = ormsgpack.packb(["os:system", "true"]).hex()
# What an alteration changes, and where.
ALTERATIONS = {
    "truncated": "UPDATE checkpoints SET state = substring(state for 40)",
    "empty": "UPDATE checkpoints SET state = ''",
    "one bit": "UPDATE checkpoints SET state = set_bit(state, 400, 1 - get_bit(state, 400))",
    "lengthened": "UPDATE checkpoints SET state = state || '\\x00'",
    "naming code": f"UPDATE checkpoints SET state = '\\x01' || substring(state from 2 for 16) || '\\x{FORGED}'",
    "of another checkpoint": "UPDATE checkpoints SET id = id || '0'",
    "of another graph": "UPDATE checkpoints SET namespace = 'child'",
    "metadata": 'UPDATE checkpoints SET metadata = metadata || \'{"source": "fork"}\'',
    "parent": "UPDATE checkpoints SET parent = id",
    "a large value": "UPDATE checkpoint_blobs SET content = content || '\\x00'",
    "no large value": "DELETE FROM checkpoint_blobs",
    "writes": "UPDATE checkpoint_writes SET content = set_bit(content, 200, 1 - get_bit(content, 200))",
    "writes of another": "UPDATE checkpoint_writes w SET content = c.state FROM checkpoints c WHERE c.id = w.checkpoint_id",
}


@pytest.mark.parametrize("sql", ALTERATIONS.values(), ids=ALTERATIONS)
def test_what_was_altered_is_not_given_out(bench: Bench, sql: str) -> None:
    with open_saver(bench.tenant("acme")) as saver, open_saver(bench.tenant("globex")) as other:
        put(saver)
        put(other)
        alter(bench, sql)
        with pytest.raises(CheckpointUnreadable) as caught:
            list(saver.list({"configurable": {"thread_id": "t"}}))
        assert caught.value.code == "checkpoint_unreadable" or isinstance(caught.value, CheckpointOutdated)
        assert "altered" in caught.value.message or isinstance(caught.value, CheckpointOutdated)
        put(saver, "another")
        assert saver.get_tuple(generate_config("another")) is not None, "the saver goes on"
        saver.delete_thread("t")
        assert saver.get_tuple(generate_config("t")) is None
        assert other.get_tuple(generate_config("t")) is not None


def test_another_format_is_told_apart(bench: Bench) -> None:
    with open_saver(bench.tenant("acme")) as saver:
        put(saver)
        alter(bench, "UPDATE checkpoints SET state = '\\x02' || substring(state from 2)")
        with pytest.raises(CheckpointOutdated, match="another version"):
            saver.get_tuple(generate_config("t"))


@dataclasses.dataclass
class Unknown:
    value: int = 1


@pytest.mark.parametrize(
    ("what", "error"),
    [
        (lambda saver: put(saver, value=Unknown()), CheckpointRefused),
        (lambda saver: put(saver, note=float("nan")), CheckpointRefused),
        (lambda saver: put(saver, note=[float("inf")]), CheckpointRefused),
        (lambda saver: put(saver, note={"a": object()}), CheckpointRefused),
        (lambda saver: put(saver, "t" * 300), CheckpointRefused),
        (lambda saver: put(saver, "a\0b"), CheckpointRefused),
        (lambda saver: saver.get_tuple(generate_config("t", checkpoint_ns="n" * 2_000)), CheckpointRefused),
        (lambda saver: saver.get_tuple({"configurable": {}}), CheckpointRefused),
        (lambda saver: saver.put_writes(generate_config("t", checkpoint_id="c"), [("a", 1)], "k" * 300), CheckpointRefused),
        (lambda saver: saver.put_writes(generate_config("t", checkpoint_id="c"), [("a", Unknown())], "k"), CheckpointRefused),
        (lambda saver: put(saver, value="x" * 5_000_000), StateTooLarge),
        (lambda saver: put(saver, value={"k" * 5_000_000: 1}), StateTooLarge),
        (lambda saver: put(saver, value=list(range(2_000_000))), StateTooLarge),
        (lambda saver: put(saver, note="x" * 5_000_000), StateTooLarge),
        (lambda saver: saver.put_writes(generate_config("t", checkpoint_id="c"), [("a", LARGE * 400)], "k"), StateTooLarge),
        (lambda saver: list(saver.list(None, filter={"a": object()})), CheckpointRefused),
        (lambda saver: saver.prune(["t"], strategy="everything"), CheckpointRefused),
    ],
)  # fmt: skip
def test_what_cannot_be_stored_is_one_error_and_no_row(
    bench: Bench, what: Callable[[TenantSaver], Any], error: type[Exception]
) -> None:
    with open_saver(bench.tenant("acme")) as saver:
        with pytest.raises(error) as caught:
            what(saver)
        assert len(str(caught.value)) < 400
        assert list(saver.list(None)) == []
        put(saver)
        assert len(list(saver.list(None))) == 1


def test_a_graph_with_state_that_cannot_be_stored_fails_by_name(bench: Bench) -> None:
    class State(TypedDict):
        said: Any

    def says(state: State) -> Any:
        return {"said": object()}

    with open_saver(bench.tenant("acme")) as saver:
        graph = StateGraph(State).add_node(says).add_edge(START, "says").compile(checkpointer=saver)
        with pytest.raises(CheckpointRefused, match=r"builtins\.object"):
            graph.invoke({"said": 1}, generate_config("t"), durability="sync")
        assert graph.get_state(generate_config("t")).values == {"said": 1}


def test_a_large_value_that_is_gone_meanwhile_is_sent_again(bench: Bench) -> None:
    with open_saver(bench.tenant("acme")) as saver:
        version = saver.get_next_version(None, None)
        for step in range(3):
            checkpoint = generate_checkpoint(channel_values={"large": LARGE}, channel_versions={"large": version})
            saver.put(generate_config("t"), checkpoint, generate_metadata(step=step), {})
            found = saver.get_tuple(generate_config("t"))
            assert found is not None
            assert found.checkpoint["channel_values"] == {"large": LARGE}
            alter(bench, "DELETE FROM checkpoint_blobs")


def test_a_large_value_that_did_not_change_is_not_packed_again(bench: Bench) -> None:
    """Its channel's version says so: what stands in its place, which cannot be stored, is not even looked at."""
    with open_saver(bench.tenant("acme")) as saver:
        version = saver.get_next_version(None, None)
        for value in (LARGE, object()):
            checkpoint = generate_checkpoint(channel_values={"large": value}, channel_versions={"large": version})
            saver.put(generate_config("t"), checkpoint, generate_metadata(), {})
        assert [found.checkpoint["channel_values"]["large"] for found in saver.list(None)] == [LARGE, LARGE]
        checkpoint["channel_versions"]["large"] = saver.get_next_version(version, None)
        with pytest.raises(CheckpointRefused):
            saver.put(generate_config("t"), checkpoint, generate_metadata(), {})


ANYTHING = {"type": "object", "properties": {"given": {}}}
ROUND = [text("a"), probe("b", "works"), ask("ok"), output(said="{{ nodes.b.gave }}")]


def waiting(bench: Bench, probes: Probes, done: list[int], given: Any = None) -> Any:
    def works(call: Any) -> Any:
        done.append(call.visit)
        return "kept"

    probes["works"] = works
    run = bench.ran(definition(ROUND, inputs=ANYTHING), {"given": given})
    assert run.status == "waiting", run.error
    return run


RUN_ALTERATIONS = [name for name in ALTERATIONS if "large" not in name]


@pytest.mark.parametrize("name", RUN_ALTERATIONS)
def test_a_run_whose_place_was_altered_goes_on_from_its_steps(
    bench: Bench, probes: Probes, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[int] = []
    run = waiting(bench, probes, done)
    alter(bench, ALTERATIONS[name])
    bench.decide(run.id, "approve")
    again = bench.advance(run.id)
    assert (again.status, again.outputs, done) == ("completed", {"said": "kept"}, [1])
    assert bench.checkpoints(run.id) == 0
    read = name in {"of another checkpoint", "of another graph"}
    assert "checkpoint cannot be used" in caplog.text or read


@pytest.mark.parametrize("sql", ["", "UPDATE checkpoints SET state = '\\x02' || substring(state from 2)"])
def test_a_place_of_another_shape_or_format_is_left_alone(
    bench: Bench, probes: Probes, sql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []
    run = waiting(bench, probes, done)
    with bench.inside():
        assert Parking.of(run.id).stored is not None
    if sql:
        alter(bench, sql)
    else:
        monkeypatch.setattr("workflows.engine.checkpoints.parking.SHAPE", {"nexod_state": 3})
    with bench.inside():
        assert Parking.of(run.id).stored is None
    bench.decide(run.id, "approve")
    again = bench.advance(run.id)
    assert (again.status, again.outputs, done) == ("completed", {"said": "kept"}, [1])


def test_a_place_that_cannot_be_stored_does_not_fail_the_run(bench: Bench, probes: Probes) -> None:
    """JSON has numbers that msgpack has not."""
    done: list[int] = []
    run = waiting(bench, probes, done, given=10**30)
    assert bench.checkpoints(run.id) == 0
    bench.decide(run.id, "approve")
    again = bench.advance(run.id)
    assert (again.status, again.outputs, done) == ("completed", {"said": "kept"}, [1])


def test_the_place_is_stored_with_the_row_that_says_so_or_not_at_all(bench: Bench, probes: Probes) -> None:
    """Whoever sees the run wait sees its place: both rows are of one transaction."""
    run = waiting(bench, probes, [], given=LARGE)
    sql = "SELECT xmin::text FROM {} WHERE {} = '%s'"
    tables = {
        "workflows_run": "id",
        "checkpoints": "thread_id",
        "checkpoint_writes": "thread_id",
        "checkpoint_blobs": "thread_id",
    }
    with bench.inside(), transaction.atomic(), connection.cursor() as cursor:
        found = {}
        for table, key in tables.items():
            cursor.execute(sql.format(table, key) % run.id)
            found[table] = {xmin for (xmin,) in cursor.fetchall()}
    assert len(set.union(*found.values())) == 1
    assert all(found.values()), found


def test_a_run_that_asks_again_and_again_keeps_one_place(bench: Bench, probes: Probes) -> None:
    nodes = [text("a"), *(ask(f"ask{number}") for number in range(4)), output()]
    run = bench.ran(definition(nodes, inputs=ANYTHING), {"given": LARGE})
    rows = []
    for _ in range(4):
        rows.append(bench.checkpoints(run.id))
        bench.decide(run.id, "approve")
        run = bench.advance(run.id)
    assert run.status == "completed"
    assert set(rows) == {3}, "a checkpoint, what the step asks, and one large value"
