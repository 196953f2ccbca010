"""LangGraph's Store on memories: the same answers as LangGraph's own store in memory, and never somebody else's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langgraph.store.memory import InMemoryStore

from agents.memory.mind import Mind
from agents.models import Memory
from nexod.kernel.errors import InvalidInput
from tests.workbench import Bench
from workflows.engine.store import MemoryStore

TEA, COFFEE = {"text": "likes green tea", "age": 3}, {"text": "likes black coffee", "age": 7}
FILTERS: list[dict[str, Any] | None] = [
    None, {"age": 3}, {"age": {"$gt": 3}}, {"age": {"$gte": 3, "$lt": 7}}, {"age": {"$ne": 3}}, {"age": {"$eq": 4}},
]  # fmt: skip


@pytest.fixture
def store(in_acme: Any, person: Any) -> MemoryStore:
    return MemoryStore(Mind(person("acme", "editor").pk, "writer", "briefing"))


def fill(store: Any) -> None:
    store.put(("user", "drinks"), "a", TEA)
    store.put(("user", "drinks"), "b", COFFEE)
    store.put(("user", "drinks", "old"), "a", {"text": "liked milk", "age": 1})
    store.put(("agent",), "a", {"text": "writes short"})
    store.put(("user", "drinks"), "b", {**COFFEE, "text": "likes coffee"})
    store.put(("agent",), "gone", {"text": "no more"})
    store.delete(("agent",), "gone")


@pytest.fixture
def both(store: MemoryStore) -> list[Any]:
    theirs = InMemoryStore()
    for one in (store, theirs):
        fill(one)
    return [store, theirs]


def test_what_is_put_is_got_replaced_and_deleted(both: list[Any]) -> None:
    for place in [("user", "drinks"), ("user", "drinks", "old"), ("agent",), ("workflow", "x"), ("user",)]:
        for key in ("a", "b", "gone"):
            ours, theirs = (store.get(place, key) for store in both)
            assert (ours and ours.value) == (theirs and theirs.value)


@pytest.mark.parametrize("wanted", FILTERS)
@pytest.mark.parametrize("prefix", [("user",), ("user", "drinks"), ("agent",), ("workflow",)])
def test_a_search_finds_the_same(both: list[Any], prefix: tuple[str, ...], wanted: dict[str, Any] | None) -> None:
    wanted = wanted if prefix[-1] == "drinks" else None
    ours, theirs = (
        {(item.namespace, item.key, item.value["text"]) for item in store.search(prefix, filter=wanted)}
        for store in both
    )
    assert ours == theirs


@pytest.mark.parametrize(
    "how",
    [{}, {"prefix": ("user",)}, {"suffix": ("old",)}, {"prefix": ("*", "drinks")}, {"max_depth": 1}, {"limit": 1}],
)
def test_namespaces_are_the_same(both: list[Any], how: dict[str, Any]) -> None:
    ours, theirs = (store.list_namespaces(**how) for store in both)
    assert sorted(ours) == sorted(theirs)


def test_a_query_ranks_by_meaning(store: MemoryStore) -> None:
    fill(store)
    assert store.search(("user",), query="a hot drink of green leaves", limit=1)[0].value == TEA


def test_a_graph_reaches_nobody_elses(store: MemoryStore, person: Any, globex: Any) -> None:
    fill(store)
    Memory.objects.update(is_shared=True)
    other = MemoryStore(Mind(person("acme", "viewer").pk, "writer", "briefing"))
    assert other.search(("user",)) == other.list_namespaces() == []
    assert other.get(("agent",), "a") is None
    other.delete(("user", "drinks"), "a")
    other.put(("user", "drinks"), "a", {"text": "mine"})
    assert store.get(("user", "drinks"), "a").value == TEA  # type: ignore[union-attr]
    elsewhere = MemoryStore(Mind(store.mind.user, "finder", "triage"))
    assert elsewhere.get(("agent",), "a") is None
    assert elsewhere.get(("user", "drinks"), "a") is not None


def test_what_cannot_be_stored_is_refused(store: MemoryStore) -> None:
    with pytest.raises(InvalidInput, match="begins with"):
        store.put(("somebody",), "a", TEA)
    with pytest.raises(InvalidInput, match="bytes"):
        store.put(("user",), "a", {"text": "x" * 100_001})
    store.put(("user",), "a", TEA)
    with pytest.raises(InvalidInput, match="comparison"):
        store.search(("user",), filter={"age": {"$sounds": "like"}})


def test_it_works_from_coroutines(bench: Bench) -> None:
    with bench.inside():
        store = MemoryStore(Mind(bench.user("editor").pk))

        async def use() -> Any:
            await store.aput(("user",), "a", TEA)
            return await store.aget(("user",), "a")

        assert asyncio.run(use()).value == TEA
