"""``/ws/workspace/``: who is here, and what happens that people should know."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import uuid4

from collaboration import presence
from collaboration.consumers.door import DoorConsumer
from nexod.http.permissions import ScopeMissing
from nexod.kernel import topics
from nexod.kernel.hub import Inbox, Message
from nexod.observability.metrics import watchers
from tenants.context import in_tenant

PAGE_LIMIT = 200
# A socket's every word goes to everybody's sockets: what it says sooner is told with its next beat.
NEWS_S = 1.0
# What a message's kind begins with, and the permission that its readers need.
NEEDS = {"approval": "workflows.view_approval", "run": "workflows.view_run"}


class WorkspaceConsumer(DoorConsumer):
    """Tells ``{"kind": "presence", "people": [...]}`` and the workspace's messages; hears ``{"kind": "here", "page": "/..."}``."""

    page = ""
    told_page = ""
    told_at = 0.0
    shown: list[presence.Person] | None = None

    async def serve(self) -> None:
        """Arrive, tell what comes, leave whatever happens."""
        self.socket = uuid4().hex
        await in_tenant(self.tenant, self.admit)
        topic = topics.workspace_topic(self.tenant.pk)
        try:
            async with topics.subscribe(topic) as messages:
                await self._beat(is_news=True)
                with watchers.labels("workspace").track_inprogress():
                    await asyncio.gather(self._forward(messages), self._beat_for_ever())
        finally:
            await asyncio.shield(in_tenant(self.tenant, self._leave))

    async def hear(self, message: dict[str, Any]) -> None:
        """Take where the person is now."""
        page = message.get("page")
        if message.get("kind") == "here" and isinstance(page, str) and page.startswith("/") and hasattr(self, "user"):
            self.page = page[:PAGE_LIMIT]
            if time.monotonic() - self.told_at >= NEWS_S:
                await self._tell_news()

    def admit(self) -> None:
        """Learn who is there and what they may be told; raise NotAuthenticated or ScopeMissing. For use inside the tenant."""
        user, key = self.caller()
        if key is not None and "read" not in key.scopes:
            raise ScopeMissing
        self.user, self.name = str(user.pk), str(user)
        self.allowed = {kind for kind, permission in NEEDS.items() if user.has_perm(permission)}

    async def _forward(self, messages: Inbox) -> None:
        async for message in messages:
            if message.get("kind") == "presence":
                await self._show(message["people"])
            elif self._concerns(message):
                await self.tell(message)

    def _concerns(self, message: Message) -> bool:
        """Some messages are for one person, some for whoever may see such things; an unknown kind is for nobody."""
        kind = str(message.get("kind", "")).partition(".")[0]
        if kind == "notification":
            return str(message.get("user")) == self.user
        return kind in self.allowed

    async def _beat_for_ever(self) -> None:
        while True:
            await asyncio.sleep(presence.BEAT_S)
            await in_tenant(
                self.tenant.schema_name, self.admit
            )  # by name: the tenant may have been suspended meanwhile
            await self._tell_news()
            await self.tell(Message(kind="heartbeat"))

    async def _tell_news(self) -> None:
        """Be here, and tell the others when the page is another than they know."""
        is_news = self.page != self.told_page
        self.told_page, self.told_at = self.page, time.monotonic()
        await self._beat(is_news=is_news)

    async def _beat(self, *, is_news: bool = False) -> None:
        await self._show(await in_tenant(self.tenant, self._arrive, is_news))

    async def _show(self, people: list[presence.Person]) -> None:
        if people != self.shown:
            self.shown = people
            await self.tell(Message(kind="presence", people=people))

    def _arrive(self, is_news: bool) -> list[presence.Person]:
        presence.arrive(socket=self.socket, user=self.user, name=self.name, page=self.page)
        people = presence.people()
        if is_news:
            self._publish(people)
        return people

    def _leave(self) -> None:
        presence.leave(socket=self.socket)
        self._publish(presence.people())

    def _publish(self, people: list[presence.Person]) -> None:
        topics.publish(
            topics.workspace_topic(self.tenant.pk), {"kind": "presence", "people": people, "at": time.time()}
        )
