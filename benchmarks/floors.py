"""The least that the libraries underneath take, measured beside each figure: LangGraph alone, one commit, one request."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, TypedDict

import psycopg
from psycopg.rows import dict_row

import workflows.engine  # noqa: F401  which sets what LangGraph reads when it is imported
from benchmarks.figure import median_ms

SCHEMA = "bench_peer"
_threads = count()
Json = dict[str, Any]


class State(TypedDict):
    """What the chain hands on: as little as our engine's state of trivial nodes."""

    nodes: Json


@contextmanager
def connection() -> Iterator[psycopg.Connection[Any]]:
    """Give a bare connection in autocommit to a schema that no tenant has."""
    url = os.environ["DATABASE_OWNER_URL"]
    with psycopg.connect(url, autocommit=True, prepare_threshold=0, row_factory=dict_row) as opened:
        opened.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        opened.execute(f"SET search_path = {SCHEMA}")
        yield opened


def commit_ms(opened: psycopg.Connection[Any], *, repeats: int = 200) -> float:
    """Return the median milliseconds of one INSERT that commits."""
    opened.execute("CREATE TABLE IF NOT EXISTS commits (id bigserial PRIMARY KEY, text text)")
    return median_ms(lambda: opened.execute("INSERT INTO commits (text) VALUES (%s)", ["x" * 200]), repeats=repeats)


def postgres_saver(opened: psycopg.Connection[Any]) -> Any:
    """Return LangGraph's own saver, set up as its documentation says."""
    from langgraph.checkpoint.postgres import PostgresSaver

    saver = PostgresSaver(opened)
    saver.setup()
    return saver


def idle_saver() -> Any:
    """Return a saver that keeps nothing: what checkpointing costs LangGraph itself."""
    from langgraph.checkpoint.base import BaseCheckpointSaver

    class IdleSaver(BaseCheckpointSaver[int]):
        def get_tuple(self, config: Any) -> None:
            return None

        def put(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
            thread = config["configurable"]["thread_id"]
            return {"configurable": {"thread_id": thread, "checkpoint_ns": "", "checkpoint_id": checkpoint["id"]}}

        def put_writes(self, config: Any, writes: Any, task_id: str, task_path: str = "") -> None:
            return None

    return IdleSaver()


def chain(length: int, saver: Any) -> Callable[[], float]:
    """Return what runs a chain of trivial nodes once with LangGraph alone, durability sync, and gives its milliseconds."""
    from langgraph.graph import START, StateGraph

    builder = StateGraph(State)
    names = [f"n{number}" for number in range(length)]
    for name in names:
        builder.add_node(name, _node(name))
    for before, after in zip([START, *names], names, strict=False):
        builder.add_edge(before, after)
    graph = builder.compile(checkpointer=saver)

    def run() -> float:
        config: Any = {"configurable": {"thread_id": f"t{next(_threads)}"}, "recursion_limit": length + 2}
        began = time.perf_counter()
        graph.invoke({"nodes": {}}, config, durability="sync")
        return (time.perf_counter() - began) * 1000

    return run


def _node(name: str) -> Callable[[State], Json]:
    def node(state: State) -> Json:
        return {"nodes": {**state["nodes"], name: {"text": "done"}}}

    return node
