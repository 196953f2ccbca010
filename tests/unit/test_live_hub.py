"""One channel feeds every watcher of a process; slow watchers, lost connections and leavers harm nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer
from redis import ConnectionError as LayerAway

from nexod.kernel import hub as hubs
from nexod.kernel.errors import Unavailable
from nexod.kernel.hub import INBOX_LIMIT, Hub, Inbox, Message


class Layer(InMemoryChannelLayer):
    """A layer that counts what is asked of it, and can be away."""

    def __init__(self) -> None:
        super().__init__(capacity=10_000)
        self.asked: list[str] = []
        self.away = False

    async def new_channel(self, prefix: str = "specific") -> str:
        self._ask("new_channel")
        return await super().new_channel(prefix)

    async def group_add(self, group: str, channel: str) -> None:
        self._ask("group_add")
        await super().group_add(group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        self._ask("group_discard")
        await super().group_discard(group, channel)

    async def receive(self, channel: str) -> Any:
        receiving = asyncio.ensure_future(super().receive(channel))
        try:
            while not receiving.done():
                await asyncio.wait({receiving}, timeout=0.01)
                self._ask("receive", count=False)
        finally:
            receiving.cancel()
        return receiving.result()

    def _ask(self, what: str, *, count: bool = True) -> None:
        if count:
            self.asked.append(what)
        if self.away:
            raise LayerAway("redis://:hunter2@valkey")


async def send(layer: Layer, topic: str, number: int) -> None:
    await layer.group_send(topic, {"type": "topic.message", "topic": topic, "message": {"n": number}})


async def soon(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(3):
        while not check():
            await asyncio.sleep(0.01)


def with_hub(test: Callable[[Hub, Layer], Awaitable[None]]) -> None:
    async def run() -> None:
        layer = Layer()
        hub = Hub(layer)
        await test(hub, layer)
        for topic, inboxes in list(hub._inboxes.items()):
            for inbox in list(inboxes):
                await hub.leave(topic, inbox)
        assert not hub._inboxes

    asyncio.run(run())


def test_many_watchers_of_a_topic_cost_one_membership() -> None:
    async def test(hub: Hub, layer: Layer) -> None:
        inboxes = await asyncio.gather(*[hub.join("a") for _ in range(50)])
        assert layer.asked == ["new_channel", "group_add"]
        await send(layer, "a", 1)
        assert [await inbox.get(2) for inbox in inboxes] == [{"n": 1}] * 50

    with_hub(test)


def test_topics_do_not_mix() -> None:
    async def test(hub: Hub, layer: Layer) -> None:
        first, second = await hub.join("a"), await hub.join("b")
        await send(layer, "b", 2)
        assert await second.get(2) == {"n": 2}
        assert await first.get(0.05) is None

    with_hub(test)


def test_the_last_to_leave_ends_the_membership() -> None:
    async def test(hub: Hub, layer: Layer) -> None:
        first, second = await hub.join("a"), await hub.join("a")
        await hub.leave("a", first)
        assert "group_discard" not in layer.asked
        await hub.leave("a", second)
        assert layer.asked[-1] == "group_discard"
        assert not hub._inboxes

    with_hub(test)


def test_after_the_last_has_left_the_channel_is_kept_for_the_next() -> None:
    async def test(hub: Hub, layer: Layer) -> None:
        await hub.leave("a", await hub.join("a"))
        again = await hub.join("a")
        assert layer.asked == ["new_channel", "group_add", "group_discard", "group_add"]
        await send(layer, "a", 1)
        assert await again.get(2) == {"n": 1}

    with_hub(test)


def test_of_a_watcher_that_reads_nothing_nothing_is_kept_but_that_something_was_missed() -> None:
    async def test() -> None:
        inbox = Inbox()
        for number in range(INBOX_LIMIT):
            inbox.put(Message(n=number))
        assert len(inbox) == INBOX_LIMIT
        inbox.put(Message(n="one too many"))
        assert len(inbox) == 1
        assert await inbox.get() is None
        inbox.put(Message(n="after"))
        assert await inbox.get() == {"n": "after"}

    asyncio.run(test())


def test_silence_is_told_apart_from_messages() -> None:
    async def test(hub: Hub, layer: Layer) -> None:
        inbox = await hub.join("a")
        assert await inbox.get(0.01) is None

    with_hub(test)


def test_a_lost_layer_is_joined_again_and_watchers_are_told_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "REJOIN_S", 0.02)

    async def test(hub: Hub, layer: Layer) -> None:
        inbox = await hub.join("a")
        layer.away = True
        await soon(lambda: layer.asked.count("new_channel") > 1)
        layer.away = False
        await soon(lambda: layer.asked.count("group_add") > 1)
        assert await inbox.get(1) is None
        while len(inbox):
            assert await inbox.get(1) is None
        await send(layer, "a", 3)
        assert await inbox.get(2) == {"n": 3}

    with_hub(test)


def test_a_layer_that_is_away_is_an_error_that_says_so() -> None:
    async def run() -> None:
        layer = Layer()
        layer.away = True
        with pytest.raises(Unavailable) as caught:
            await Hub(layer).join("a")
        assert "hunter2" not in caught.value.message

    asyncio.run(run())


def test_memberships_are_renewed_before_they_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "RENEW_S", 0.05)

    async def test(hub: Hub, layer: Layer) -> None:
        inbox = await hub.join("a")
        await soon(lambda: layer.asked.count("group_add") > 2)
        await send(layer, "a", 4)
        async with asyncio.timeout(2):
            assert await anext(aiter(inbox)) == {"n": 4}

    with_hub(test)
