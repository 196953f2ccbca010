"""The saver keeps LangGraph's public contract, in every capability that the conformance package names, and keeps to its tenant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from django.db import connection
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.conformance.capabilities import ALL_CAPABILITIES, Capability
from langgraph.checkpoint.conformance.test_utils import generate_checkpoint, generate_config, generate_metadata
from langgraph.checkpoint.serde.types import RESUME

from tests.workbench import CHECKPOINTS, Bench
from workflows.engine.checkpoints import TenantSaver, open_saver

SLUGS = ("acme", "globex")
# What the package asks for, counted: a runner that runs nothing proves nothing.
ASKED = {
    "put": 17, "put_writes": 10, "get_tuple": 10, "list": 16, "delete_thread": 5,
    "delete_for_runs": 7, "copy_thread": 8, "prune": 8,
}  # fmt: skip


@pytest.mark.parametrize("capability", sorted(ALL_CAPABILITIES), ids=lambda capability: capability.value)
def test_it_conforms(bench: Bench, capability: Capability) -> None:
    tenant, before = bench.tenant("acme"), rows(bench, "globex")

    @checkpointer_test(name="TenantSaver")
    async def acme() -> AsyncGenerator[TenantSaver, None]:
        async with open_saver(tenant) as saver:
            yield saver

    report = asyncio.run(validate(acme, capabilities={capability.value}))
    result = report.results[capability.value]
    assert result.failures == []
    assert (result.detected, result.tests_passed) == (True, ASKED[capability.value])
    assert rows(bench, "globex") == before


def rows(bench: Bench, slug: str) -> int:
    with bench.inside(slug), connection.cursor() as cursor:
        cursor.execute("SELECT " + " + ".join(f"(SELECT count(*) FROM {table})" for table in CHECKPOINTS))
        return int(cursor.fetchone()[0])


def put(saver: TenantSaver, thread: str, value: Any, **metadata: Any) -> Any:
    checkpoint = generate_checkpoint(channel_values={"said": value}, channel_versions={"said": "1.x"})
    return saver.put(generate_config(thread), checkpoint, generate_metadata(run_id="run", **metadata), {"said": "1.x"})


def said(found: CheckpointTuple | None) -> Any:
    return found and found.checkpoint["channel_values"]["said"]


LARGE = "large " * 2_000


def test_equal_names_in_two_tenants_are_two_things(bench: Bench) -> None:
    with open_saver(bench.tenant("acme")) as acme, open_saver(bench.tenant("globex")) as globex:
        for saver, value in ((acme, "of acme"), (globex, "of globex")):
            at = put(saver, "same", value + LARGE)
            saver.put_writes(at, [("said", value)], "task")
        for saver, value in ((acme, "of acme"), (globex, "of globex")):
            assert [said(found) for found in saver.list(None)] == [value + LARGE]
            assert [said(found) for found in saver.list(None, filter={"run_id": "run"})] == [value + LARGE]
            found = saver.get_tuple(generate_config("same"))
            assert found is not None
            assert found.pending_writes == [("task", "said", value)]


@pytest.mark.parametrize(
    "remove",
    [
        lambda saver: saver.delete_thread("same"),
        lambda saver: saver.delete_for_runs(["run"]),
        lambda saver: saver.prune(["same"], strategy="delete"),
        lambda saver: saver.copy_thread("same", "other"),
    ],
    ids=["delete_thread", "delete_for_runs", "prune", "copy_thread"],
)
def test_what_one_tenant_removes_or_copies_stays_in_the_other(bench: Bench, remove: Any) -> None:
    with open_saver(bench.tenant("acme")) as acme, open_saver(bench.tenant("globex")) as globex:
        for saver in (acme, globex):
            saver.put_writes(put(saver, "same", LARGE), [("said", "x")], "task")
        before = rows(bench, "globex")
        remove(acme)
        assert rows(bench, "globex") == before == 3
        assert rows(bench, "acme") in (0, 6)
        assert said(globex.get_tuple(generate_config("same"))) == LARGE


def test_a_schemas_name_opens_it_too_and_a_suspended_tenants_is_refused(bench: Bench) -> None:
    from copy import copy

    from tenants.context import TenantSuspended, TenantUnknown

    with open_saver(bench.tenant("acme").schema_name) as saver:
        put(saver, "t", 1)
    with pytest.raises(TenantUnknown), open_saver("t_nobody"):
        pass
    tenant = copy(bench.tenant("acme"))
    tenant.status = "suspended"
    with pytest.raises(TenantSuspended), open_saver(tenant):
        pass


def test_of_what_a_task_wrote_the_longest_list_and_the_newest_answer_stay(bench: Bench) -> None:
    with open_saver(bench.tenant("acme")) as saver:
        place = put(saver, "t", "value")
        for writes in (
            [("a", 1), ("b", 2)],
            [("a", 1)],
            [("a", 1), ("b", 2), ("c", 3)],
            [(RESUME, [1])],
            [(RESUME, [1, 2])],
        ):
            saver.put_writes(place, writes, "task")
        found = saver.get_tuple(place)
        assert found is not None
        assert found.pending_writes == [("task", *write) for write in [(RESUME, [1, 2]), ("a", 1), ("b", 2), ("c", 3)]]
