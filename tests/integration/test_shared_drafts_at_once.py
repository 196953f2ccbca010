"""Editors, people who save whole drafts, and several processes that settle, all at the same moment: nothing is lost."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable
from typing import Any

import pycrdt

from collaboration.crdt import store
from collaboration.crdt.shape import definition_of, normal
from collaboration.drafts.settling import settle
from tests.workbench import Bench, choose, definition, output, text
from workflows.actions.workflows import save_draft

ROUNDS = 8
START = definition([text("a", "Start"), text("b", "Other"), output()], ["a b", "b end"])


def at_once(bench: Bench, *works: Callable[[], None]) -> None:
    """Do all of it in threads of its own, and raise what one of them raised."""
    failed: list[BaseException] = []

    def within(work: Callable[[], None]) -> None:
        try:
            with bench.inside():
                work()
        except BaseException as error:  # noqa: BLE001 what a thread raises is the test's to raise
            failed.append(error)

    threads = [threading.Thread(target=within, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    if failed:
        raise failed[0]
    assert not any(thread.is_alive() for thread in threads)


def test_what_all_of_them_wrote_is_there_in_the_end(bench: Bench) -> None:
    flow = bench.workflow(START)
    name = f"workflow:{flow.pk}"

    def writes(who: str, key: str) -> Callable[[], None]:
        def work() -> None:
            doc: pycrdt.Doc[Any] = pycrdt.Doc()
            doc.apply_update(store.opened(name)[0])
            for number in range(ROUNDS):
                before = doc.get_state()
                words = doc.get("nodes", type=pycrdt.Map)[key]["config"]["template"]
                words += f" {who}{number}"
                store.append(name, [doc.get_update(before)], bench.user(who))

        return work

    def saves() -> None:
        for number in range(ROUNDS):
            base = draft_of(flow)
            mine = copy.deepcopy(base)
            mine["nodes"][1]["title"] = f"Saved {number}"
            save_draft(actor=bench.user("owner"), workflow=flow, definition=mine, base=base)

    def settles() -> None:
        for _ in range(ROUNDS):
            settle(flow.pk)

    at_once(bench, writes("editor", "a"), writes("admin", "a"), writes("editor", "b"), saves, settles, settles)
    with bench.inside():
        told = settle(flow.pk)
        doc: pycrdt.Doc[Any] = pycrdt.Doc()
        doc.apply_update(store.opened(name)[0])
        found = draft_of(flow)
        assert normal(found) == definition_of(doc)
        assert told is not None
        assert told["problems"] == []
        first = found["nodes"][0]["config"]["template"]
        assert all(f"{who}{number}" in first for who in ("editor", "admin") for number in range(ROUNDS))
        assert found["nodes"][1]["title"] == f"Saved {ROUNDS - 1}"
        authors = {edit.author.pk for edit in flow.draft_edits.select_related("author") if edit.changes}
        assert authors == {bench.user(role).pk for role in ("editor", "admin", "owner")}
    with bench.inside("globex"):
        assert settle(flow.pk) is None


def test_settling_a_large_draft_costs_little_and_no_more_than_its_size(bench: Bench) -> None:
    """Read, compared, validated, written and told, with what the database does meanwhile; the figures are printed."""
    costs = {}
    for count in (499, 4_999):
        flow = bench.workflow(chain(count))
        with bench.inside():
            took = [settling(flow, bench, f" {number}") for number in range(2)]
        costs[count] = min(cpu for cpu, _ in took)
        wall = min(wall for _, wall in took)
        print(f"settling {count + 1:,} steps: {costs[count] * 1000:.0f} ms of CPU, {wall * 1000:.0f} ms in all")  # noqa: T201
    # Of the thread's own CPU, so that a busy machine does not matter; what is quadratic would be a hundred times as much.
    assert costs[4_999] < min(10.0, 30 * costs[499])


def chain(count: int) -> dict[str, Any]:
    """Steps in a row, a condition with cases among every ten."""
    nodes = [text(f"n{number}", f"Step {number}: " + "words " * 40, title=f"Step {number}") for number in range(count)]
    edges = [f"n{number} n{number + 1}" for number in range(count - 1)]
    for number in range(0, count - 1, 10):
        nodes[number] = choose(f"n{number}", "low", high="size(inputs.topic) > 3")
        edges[number] = f"n{number} n{number + 1} low"
        edges.append(f"n{number} n{number + 1} high")
    return definition([*nodes, output()], [*edges, f"n{count - 1} end"])


def settling(flow: Any, bench: Bench, words: str) -> tuple[float, float]:
    """Somebody writes a few words in one step: how long it takes until they are settled, in CPU and in all."""
    name = f"workflow:{flow.pk}"
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(store.opened(name)[0])
    settle(flow.pk)
    before = doc.get_state()
    prompt = doc.get("nodes", type=pycrdt.Map)["n7"]["config"]["template"]
    prompt += words
    store.append(name, [doc.get_update(before)], bench.user())
    cpu, wall = time.thread_time(), time.perf_counter()
    told = settle(flow.pk)
    took = time.thread_time() - cpu, time.perf_counter() - wall
    assert told is not None
    assert words in draft_of(flow)["nodes"][7]["config"]["template"]
    return took


def draft_of(flow: Any) -> dict[str, Any]:
    found: dict[str, Any] = flow.versions.get(number=0).definition
    return found
