"""LangGraph's promises, kept by our saver with real graphs: interrupts, branches, sub-graphs, forks, two tenants at once."""

from __future__ import annotations

import asyncio
import operator
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, Literal, TypedDict

import pytest
from langgraph.channels.delta import DeltaChannel
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send, interrupt

from tenants.backend.raw import tenant_connection
from tests.workbench import Bench
from workflows.engine.checkpoints import CheckpointRefused, open_saver

Durability = Literal["sync", "async", "exit"]
Json = dict[str, Any]
DURABILITIES: list[Durability] = ["sync", "async", "exit"]
every_durability = pytest.mark.parametrize("durability", DURABILITIES)


class Said(TypedDict):
    said: Annotated[list[str], operator.add]


def at(thread: str) -> Any:
    return {"configurable": {"thread_id": thread}}


def chain(*nodes: Callable[[Said], Json]) -> StateGraph[Said]:
    builder = StateGraph(Said)
    builder.add_sequence(list(nodes))
    builder.add_edge(START, nodes[0].__name__)
    return builder


class Works:
    """Counts what was done outside, which no checkpoint undoes."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self._lock = threading.Lock()

    def once(self, what: str) -> list[str]:
        with self._lock:
            self.done[what] += 1
        return [what]


def resumed(bench: Bench, builder: Any, given: Any, durability: Durability, thread: str = "t") -> Any:
    """Go on with a saver that has nothing in memory, as another process would."""
    with open_saver(bench.tenant("acme")) as saver:
        graph = builder.compile(checkpointer=saver)
        return graph.invoke(given, at(thread), durability=durability, version="v2")


@every_durability
def test_interrupts_in_a_row_are_each_resumed_once(bench: Bench, durability: Durability) -> None:
    works = Works()

    def before(state: Said) -> Json:
        return {"said": works.once("before")}

    def asks(state: Said) -> Json:
        return {"said": [interrupt("one?"), interrupt("two?")]}

    def asks_again(state: Said) -> Json:
        return {"said": [interrupt("three?")]}

    def after(state: Said) -> Json:
        return {"said": works.once("after")}

    builder = chain(before, asks, asks_again, after)
    found = resumed(bench, builder, {"said": []}, durability)
    asked = [found.interrupts[0].value]
    for answer in ("1", "2", "3"):
        found = resumed(bench, builder, Command(resume=answer), durability)
        asked += [one.value for one in found.interrupts]
    assert asked == ["one?", "two?", "three?"]
    assert found.value["said"] == ["before", "1", "2", "3", "after"]
    assert works.done == {"before": 1, "after": 1}


@every_durability
def test_parallel_branches_are_resumed_one_by_one(bench: Bench, durability: Durability) -> None:
    works = Works()

    def left(state: Said) -> Json:
        answer = interrupt("left?")
        return {"said": [answer, *works.once("left")]}

    def right(state: Said) -> Json:
        answer = interrupt("right?")
        return {"said": [answer, *works.once("right")]}

    def plain(state: Said) -> Json:
        return {"said": works.once("plain")}

    builder = StateGraph(Said)
    for node in (left, right, plain):
        builder.add_node(node.__name__, node)
        builder.add_edge(START, node.__name__)
    asked = {one.value: one.id for one in resumed(bench, builder, {"said": []}, durability).interrupts}
    assert set(asked) == {"left?", "right?"}
    found = resumed(bench, builder, Command(resume={asked["right?"]: "r"}), durability)
    assert [one.value for one in found.interrupts] == ["left?"]
    found = resumed(bench, builder, Command(resume={asked["left?"]: "l"}), durability)
    assert sorted(found.value["said"]) == ["l", "left", "plain", "r", "right"]
    assert works.done == {"left": 1, "right": 1, "plain": 1}


@every_durability
def test_interrupts_inside_sub_graphs_are_resumed_where_they_are(bench: Bench, durability: Durability) -> None:
    works = Works()

    def prepares(state: Said) -> Json:
        return {"said": works.once("prepares")}

    def asks(state: Said) -> Json:
        return {"said": [interrupt("inner?")]}

    def asks_twice(state: Said) -> Json:
        return {"said": [interrupt("innermost?"), interrupt("and?")]}

    def outer(state: Said) -> Json:
        return {"said": works.once("outer")}

    innermost = chain(asks_twice).compile()
    inner = chain(prepares, asks)
    inner.add_node("innermost", innermost)
    inner.add_edge("asks", "innermost")
    builder = StateGraph(Said)
    builder.add_node("inner", inner.compile())
    builder.add_node("outer", outer)
    builder.add_edge(START, "inner")
    builder.add_edge("inner", "outer")
    asked = [resumed(bench, builder, {"said": []}, durability).interrupts[0].value]
    for answer in ("1", "2", "3"):
        found = resumed(bench, builder, Command(resume=answer), durability)
        asked += [one.value for one in found.interrupts]
    assert asked == ["inner?", "innermost?", "and?"]
    assert works.done == {"prepares": 1, "outer": 1}
    assert found.value["said"][-1] == "outer"
    assert {"1", "2", "3"} <= set(found.value["said"])


@every_durability
def test_coroutines_do_the_same(bench: Bench, durability: Durability) -> None:
    works, tenant = Works(), bench.tenant("acme")

    async def asks(state: Said) -> Json:
        return {"said": [interrupt("one?"), interrupt("two?")]}

    async def after(state: Said) -> Json:
        return {"said": works.once("after")}

    async def go(given: Any) -> Any:
        async with open_saver(tenant) as saver:
            graph = chain(asks, after).compile(checkpointer=saver)
            found = await graph.ainvoke(given, at("t"), durability=durability)
            return found, [state async for state in graph.aget_state_history(at("t"))]

    asyncio.run(go({"said": []}))
    asyncio.run(go(Command(resume="1")))
    found, history = asyncio.run(go(Command(resume="2")))
    assert found["said"] == ["1", "2", "after"]
    assert works.done == {"after": 1}
    assert history[0].values["said"] == ["1", "2", "after"]


def test_one_who_finishes_early_is_not_done_again(bench: Bench) -> None:
    """What it wrote is in the database while the other one works, and is what the graph goes on with when that fails."""
    works, seen = Works(), []

    def quick(state: Said) -> Json:
        return {"said": works.once("quick")}

    def slow(state: Said) -> Json:
        with tenant_connection(bench.tenant("acme")) as other:
            for _ in range(500):
                row = other.execute("SELECT count(*) AS n FROM checkpoint_writes WHERE position = 0").fetchone()
                if row and row["n"] == 1:  # what started both was alone, and stands in a checkpoint's row
                    seen.append("quick")
                    break
        if works.once("slow") and works.done["slow"] == 1:
            raise ConnectionError
        return {"said": ["slow"]}

    builder = StateGraph(Said)
    for node in (quick, slow):
        builder.add_node(node.__name__, node)
        builder.add_edge(START, node.__name__)
    with pytest.raises(ConnectionError):
        resumed(bench, builder, {"said": []}, "sync")
    assert seen == ["quick"]
    assert sorted(resumed(bench, builder, None, "sync").value["said"]) == ["quick", "slow"]
    assert works.done == {"quick": 1, "slow": 2}


COMMITS = """SELECT count(DISTINCT xmin::text) AS commits, count(told) AS told FROM (
    SELECT xmin, wrote AS told FROM checkpoints UNION ALL SELECT xmin, content FROM checkpoint_writes
    UNION ALL SELECT xmin, NULL FROM checkpoint_blobs
) AS stored"""


@pytest.mark.parametrize("size", [1, 100_000])
def test_a_step_of_one_task_is_one_commit(bench: Bench, size: int) -> None:
    def says(number: int) -> Callable[[Said], Json]:
        def node(state: Said) -> Json:
            return {"said": [f"{number}" * size]}

        node.__name__ = f"says{number}"
        return node

    resumed(bench, chain(*map(says, range(8))), {"said": []}, "sync")
    with tenant_connection(bench.tenant("acme")) as raw:
        row = raw.execute(COMMITS).fetchone()
    assert row
    # One for the input, one for each step. On a machine that is busy enough a task's writes come too late for theirs.
    assert 10 <= row["commits"] <= 12
    assert row["told"] == 9, "what the task of each step wrote"


def test_what_is_large_is_stored_once(bench: Bench) -> None:
    class Document(TypedDict):
        document: str
        notes: list[str]
        step: int

    document, notes = "tide " * 100_000, ["note"] * 50_000

    def reads(number: int) -> Callable[[Document], Json]:
        def node(state: Document) -> Json:
            assert len(state["document"]) == len(document)
            return {"step": number}

        node.__name__ = f"reads{number}"
        return node

    builder = StateGraph(Document)
    builder.add_sequence([reads(number) for number in range(6)])
    builder.add_edge(START, "reads0")
    given = {"document": document, "notes": notes, "step": 0}
    resumed(bench, builder, given, "sync")
    resumed(bench, builder, {"step": 100}, "sync")
    with tenant_connection(bench.tenant("acme")) as raw:
        blobs = raw.execute("SELECT octet_length(content) AS size FROM checkpoint_blobs ORDER BY 1").fetchall()
        inline = raw.execute("SELECT count(*) AS n, max(octet_length(state)) AS size FROM checkpoints").fetchone()
    # The input as it was given, the document and the notes; whichever checkpoint, they are these.
    assert [row["size"] // 100_000 for row in blobs] == [2, 5, 7]
    assert inline
    assert (inline["n"], inline["size"] < 3_000) == (16, True)
    with open_saver(bench.tenant("acme")) as saver:
        history = list(builder.compile(checkpointer=saver).get_state_history(at("t")))
    assert [state.values.get("step") for state in history][:3] == [5, 4, 3]
    assert all(len(state.values["document"]) == len(document) for state in history if state.values)


def test_time_travel_forks_and_updates(bench: Bench) -> None:
    works = Works()

    def first(state: Said) -> Json:
        return {"said": works.once("first")}

    def second(state: Said) -> Json:
        return {"said": [f"after {state['said'][-1]}", *works.once("second")]}

    with open_saver(bench.tenant("acme")) as saver:
        graph = chain(first, second).compile(checkpointer=saver)
        graph.invoke({"said": []}, at("t"), durability="sync")
        history = list(graph.get_state_history(at("t")))
        assert [state.next for state in history] == [(), ("second",), ("first",), ("__start__",)]
        assert [task.result for task in history[1].tasks] == [{"said": ["after first", "second"]}]
        forked = graph.update_state(history[1].config, {"said": ["changed"]})
        assert graph.invoke(None, forked)["said"] == ["first", "changed", "after changed", "second"]
        assert graph.invoke(None, history[2].config)["said"] == ["first", "after first", "second"]
        assert works.done == {"first": 2, "second": 3}
        assert len(list(graph.get_state_history(at("t")))) > len(history)
        saver.copy_thread("t", "copy")
        there: Any = {"configurable": {**history[1].config["configurable"], "thread_id": "copy"}}
        assert graph.get_state(there).values == graph.get_state(history[1].config).values


def test_sends_and_joins_are_all_kept(bench: Bench) -> None:
    def fans(state: Said) -> list[Send]:
        return [Send("each", {"said": [f"{number}"]}) for number in range(5)]

    def each(state: Said) -> Json:
        if state["said"] == ["3"]:
            return {"said": [interrupt("three?")]}
        return {"said": [f"did {state['said'][0]}"]}

    def joins(state: Said) -> Json:
        return {"said": [f"joined {len(state['said'])}"]}

    builder = StateGraph(Said)
    builder.add_node("each", each)
    builder.add_node("joins", joins)
    builder.add_conditional_edges(START, fans, ["each"])
    builder.add_edge("each", "joins")
    builder.add_edge("joins", END)
    for durability in DURABILITIES:
        resumed(bench, builder, {"said": []}, durability, thread=durability)
        found = resumed(bench, builder, Command(resume="did 3"), durability, thread=durability)
        assert found.value["said"] == ["did 0", "did 1", "did 2", "did 3", "did 4", "joined 5"]


@every_durability
def test_two_tenants_at_once_never_see_each_other(bench: Bench, durability: Durability) -> None:
    def asks(state: Said) -> Json:
        return {"said": [interrupt(state["said"][0])]}

    def ends(state: Said) -> Json:
        return {"said": [f"{state['said'][0]} ends"]}

    builder = chain(asks, ends)

    def live(slug: str, number: int) -> list[str]:
        with open_saver(bench.tenant(slug)) as saver:
            graph = builder.compile(checkpointer=saver)
            for thread in ("same", "other"):
                graph.invoke({"said": [slug]}, at(f"{thread} {number}"), durability=durability)
            for thread in ("same", "other"):
                graph.invoke(Command(resume=f"{slug} {number}"), at(f"{thread} {number}"), durability=durability)
            return [
                said
                for thread in ("same", "other")
                for state in graph.get_state_history(at(f"{thread} {number}"))
                for said in state.values.get("said", ())
            ]

    for slug in ("acme", "globex"):
        bench.tenant(slug)
    with ThreadPoolExecutor(8) as pool:
        lives = [(slug, pool.submit(live, slug, number)) for number in range(12) for slug in ("acme", "globex")]
        said = [(slug, each) for slug, found in lives for each in found.result(60)]
    assert len(said) >= 24 * 2 * 3
    assert [each for slug, each in said if not each.startswith(slug)] == []


@every_durability
def test_channels_that_store_only_changes_are_whole_again(bench: Bench, durability: Durability) -> None:
    class Changes(TypedDict):
        said: Annotated[list[str], DeltaChannel(lambda old, new: [*old, *(one for many in new for one in many)])]

    def asks(state: Changes) -> Json:
        return {"said": [f"{len(state['said'])}", interrupt("?")]}

    def ends(state: Changes) -> Json:
        return {"said": [f"{len(state['said'])}"]}

    builder = StateGraph(Changes)
    builder.add_sequence([asks, ends])
    builder.add_edge(START, "asks")
    for turn in range(3):
        resumed(bench, builder, {"said": [f"turn {turn}"]}, durability)
        found = resumed(bench, builder, Command(resume="yes"), durability)
    assert found.value["said"] == [
        each for turn in range(3) for each in (f"turn {turn}", f"{turn * 4 + 1}", "yes", f"{turn * 4 + 3}")
    ]
    with (
        open_saver(bench.tenant("acme")) as saver,
        pytest.raises(CheckpointRefused, match="older checkpoints are needed"),
    ):
        saver.prune(["t"])


@every_durability
def test_tasks_of_functions_are_done_once(bench: Bench, durability: Durability) -> None:
    works = Works()

    @task
    def counts(what: str) -> str:
        return works.once(what)[0]

    def run(given: Any) -> Any:
        with open_saver(bench.tenant("acme")) as saver:

            @entrypoint(checkpointer=saver)
            def flow(names: list[str]) -> list[str]:
                first = [counts(name).result() for name in names]
                return [*first, interrupt("?"), counts("last").result()]

            return flow.invoke(given, at("t"), durability=durability)

    run(["a", "b"])
    assert run(Command(resume="yes")) == ["a", "b", "yes", "last"]
    assert works.done == {"a": 1, "b": 1, "last": 1}
