"""What a task that is alone in its step wrote stands in the row of the checkpoint after it; older rows are still read."""

from __future__ import annotations

import operator
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any, TypedDict

import pytest
from django.db import connection
from langgraph.checkpoint.conformance.test_utils import generate_checkpoint, generate_config, generate_metadata
from langgraph.graph import START, StateGraph

from tests.workbench import Bench
from workflows.engine.checkpoints import CheckpointUnreadable, TenantSaver, open_saver

LARGE = "large " * 2_000
STEPS = 3
AT: Any = {"configurable": {"thread_id": "t"}}
MIGRATION = import_module("workflows.migrations.0014_checkpoint_wrote")


class Said(TypedDict):
    said: Annotated[list[str], operator.add]


def says(number: int) -> Callable[[Said], dict[str, Any]]:
    def node(state: Said) -> dict[str, Any]:
        return {"said": [f"{number} {LARGE}"]}

    node.__name__ = f"says{number}"
    return node


def built() -> StateGraph[Said]:
    builder = StateGraph(Said)
    builder.add_sequence([says(number) for number in range(STEPS)])
    return builder.add_edge(START, "says0")


def ran(bench: Bench, slug: str = "acme") -> None:
    with open_saver(bench.tenant(slug)) as saver:
        built().compile(checkpointer=saver).invoke({"said": []}, AT, durability="sync")


def told(bench: Bench, thread: str = "t", slug: str = "acme") -> list[Any]:
    """What each step of the thread gave, and the state after it, as a process that starts now reads it."""
    with open_saver(bench.tenant(slug)) as saver:
        graph = built().compile(checkpointer=saver)
        history = graph.get_state_history({"configurable": {"thread_id": thread}})
        return [(state.values, [(task.name, task.result) for task in state.tasks]) for state in history]


def rows(bench: Bench, sql: str, slug: str = "acme") -> list[Any]:
    with bench.inside(slug), connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else [cursor.rowcount]


COUNTS = (
    "SELECT (SELECT count(*) FROM checkpoints), (SELECT count(wrote) FROM checkpoints), count(*) FROM checkpoint_writes"
)


def as_before(bench: Bench, slug: str = "acme") -> None:
    """Store the writes as the version before did: the way back of the migration, but for the columns."""
    moved = rows(bench, MIGRATION.UNDO.partition(";")[0], slug)
    assert moved == rows(bench, "UPDATE checkpoints SET wrote = NULL, wrote_blobs = NULL WHERE wrote IS NOT NULL", slug)


def test_a_chain_needs_one_row_a_step(bench: Bench) -> None:
    ran(bench)
    [(checkpoints, wrote, apart)] = rows(bench, COUNTS)
    # Of the input nothing was written. On a machine that is busy enough a task's writes come too late for the row.
    assert checkpoints == STEPS + 2
    assert wrote + apart == STEPS + 1
    assert apart <= 2
    results = [tasks for _, tasks in told(bench)]
    assert results[1:-1] == [[(f"says{number}", {"said": [f"{number} {LARGE}"]})] for number in reversed(range(STEPS))]


def test_rows_of_the_version_before_are_read_as_they_were(bench: Bench) -> None:
    ran(bench)
    ran(bench, "globex")
    before = told(bench)
    as_before(bench)
    assert rows(bench, COUNTS) == [(STEPS + 2, 0, STEPS + 1)]
    assert told(bench) == before == told(bench, slug="globex")
    ran(bench)
    assert told(bench)[-len(before) :] == before, "with newer rows after them, too"


ALTERATIONS = {
    "truncated": "UPDATE checkpoints SET wrote = substring(wrote for 40) WHERE wrote IS NOT NULL",
    "empty": "UPDATE checkpoints SET wrote = '' WHERE wrote IS NOT NULL",
    "one bit": "UPDATE checkpoints SET wrote = set_bit(wrote, 200, 1 - get_bit(wrote, 200)) WHERE wrote IS NOT NULL",
    "of another step": """UPDATE checkpoints c SET wrote = other.wrote FROM checkpoints other
        WHERE other.wrote IS NOT NULL AND c.wrote IS NOT NULL AND other.id > c.id""",
    "a whole checkpoint": "UPDATE checkpoints SET wrote = state WHERE wrote IS NOT NULL",
    "no names of large values": "UPDATE checkpoints SET wrote_blobs = NULL WHERE wrote_blobs IS NOT NULL",
    "of another parent": "UPDATE checkpoints SET parent = (SELECT min(id) FROM checkpoints) WHERE parent IS NOT NULL",
}


@pytest.mark.parametrize("sql", ALTERATIONS.values(), ids=ALTERATIONS)
def test_what_was_altered_is_not_given_out(bench: Bench, sql: str) -> None:
    for slug in ("acme", "globex"):
        ran(bench, slug)
    assert rows(bench, sql)[0] > 0, "what was to be altered is not there"
    with pytest.raises(CheckpointUnreadable):
        told(bench)
    assert len(told(bench, slug="globex")) == STEPS + 2


def test_copies_have_it_and_what_is_pruned_keeps_none_of_it(bench: Bench) -> None:
    ran(bench)
    before = told(bench)
    with open_saver(bench.tenant("acme")) as saver:
        saver.copy_thread("t", "copy")
        assert told(bench, "copy") == before
        saver.prune(["copy"])
        assert told(bench, "copy") == before[:1]
        assert rows(bench, "SELECT wrote, wrote_blobs FROM checkpoints WHERE thread_id = 'copy'") == [(None, None)]
        assert rows(bench, "SELECT count(*) FROM checkpoint_blobs WHERE thread_id = 'copy'") == [(1,)]
        assert told(bench) == before, "what it was copied from keeps all"


def alone(saver: TenantSaver, writes: list[tuple[str, Any]]) -> Any:
    """Store a checkpoint, what its one task writes, and the checkpoint after it; return where the first one is."""
    first = generate_checkpoint()
    first["updated_channels"] = ["branch:to:n"]
    at = saver.put(generate_config("t"), first, generate_metadata(source="loop"), {})
    saver.put_writes(at, writes, "task", "~__pregel_pull, n")
    saver.put(at, generate_checkpoint(), generate_metadata(source="loop", step=1), {})
    return at


@pytest.mark.parametrize(
    ("again", "stays"),
    [
        ([("a", "again")], [("a", "first"), ("b", "first")]),
        ([("a", "again"), ("b", "again")], [("a", "first"), ("b", "first")]),
        ([("a", "again")] * 3, [("a", "again")] * 3),
    ],
)
def test_of_what_was_written_in_both_ways_the_longest_list_stays(bench: Bench, again: Any, stays: Any) -> None:
    with open_saver(bench.tenant("acme")) as saver:
        at = alone(saver, [("a", "first"), ("b", "first")])
        assert rows(bench, COUNTS) == [(2, 1, 0)]
        saver.put_writes(at, again, "task", "~__pregel_pull, n")
        assert rows(bench, COUNTS) == [(2, 1, 1)]
        found = saver.get_tuple(at)
        assert found is not None
        assert found.pending_writes == [("task", *write) for write in stays]


def test_a_checkpoint_that_is_stored_again_keeps_what_its_row_has(bench: Bench) -> None:
    with open_saver(bench.tenant("acme")) as saver:
        at = alone(saver, [("a", LARGE)])
        newest = saver.get_tuple(generate_config("t"))
        assert newest is not None
        saver.put(at, newest.checkpoint, newest.metadata, {})
        found = saver.get_tuple(at)
        assert found is not None
        assert found.pending_writes == [("task", "a", LARGE)]


def test_what_is_not_followed_by_a_newer_checkpoint_of_its_own_has_rows(bench: Bench) -> None:
    """Readers look for it in newer rows that name its checkpoint as their parent."""
    with open_saver(bench.tenant("acme")) as saver:
        first, older = generate_checkpoint(), generate_checkpoint()
        first["updated_channels"] = ["branch:to:n"]
        older["id"] = "0" + older["id"][1:]
        at = saver.put(generate_config("t"), first, generate_metadata(source="loop"), {})
        saver.put_writes(at, [("a", 1)], "task", "~__pregel_pull, n")
        saver.put(at, older, generate_metadata(source="loop", step=1), {})
        assert rows(bench, COUNTS) == [(2, 0, 1)]
        found = saver.get_tuple(at)
        assert found is not None
        assert found.pending_writes == [("task", "a", 1)]
