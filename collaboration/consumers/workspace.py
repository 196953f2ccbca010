"""``/ws/workspace/``: who is here, and what happens that people should know."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import uuid4

from collaboration import presence
from collaboration.consumers.door import DoorConsumer
from collaboration.models.comment_thread import SUBJECTS, VIEW_STEPS
from collaboration.pages import subject_of, subject_said
from nexod.http.permissions import ScopeMissing
from nexod.kernel import topics
from nexod.kernel.hub import Inbox, Message
from nexod.observability.metrics import watchers
from tenants.context import in_tenant
from tenants.entry.porter import Visit

PAGE_LIMIT = 200
# A socket's every word goes to everybody's sockets: what it says sooner is told with its next beat.
NEWS_S = 1.0
# What a message's kind begins with, and the permission that its readers need.
NEEDS = {"approval": "workflows.view_approval", "run": "workflows.view_run"}
THREADS = "collaboration.view_commentthread"

MISSED = Message(kind="missed")


class WorkspaceConsumer(DoorConsumer):
    """Tells ``{"kind": "presence", "people": [...]}`` and the workspace's messages.

    ``{"kind": "missed"}`` says that some may have been lost: whoever follows something looks at it anew.
    Hears ``{"kind": "here", "page": "/...", "subject": "run:<id>", "state": "active"|"idle"|"away"}``; a page of the admin needs no
    subject. What a person may not see is not told to them: neither where others are, nor what is said about it.
    """

    here: tuple[str, str, str] = ("", "", presence.STATES[0])
    told_here: tuple[str, str, str] = here
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
                    async with self.looked_after(self.admit) as visit:
                        await asyncio.gather(self._forward(messages), self._beat_for_ever(visit))
        finally:
            await asyncio.shield(in_tenant(self.tenant, self._leave))

    async def hear(self, message: dict[str, Any]) -> None:
        """Take where the person is now, and whether they are at work there."""
        page, state = message.get("page"), message.get("state", presence.STATES[0])
        if message.get("kind") == "here" and isinstance(page, str) and page.startswith("/"):
            cut = page[:PAGE_LIMIT]
            subject = subject_of(cut) or subject_said(message.get("subject"))
            self.here = (cut, subject, state if state in presence.STATES else presence.STATES[0])
            has_arrived = self.shown is not None  # else its arrival tells where it is
            if has_arrived and time.monotonic() - self.told_at >= NEWS_S:
                await self._tell_news()

    def admit(self) -> None:
        """Learn who is there and what they may be told; raise NotAuthenticated or ScopeMissing. For use inside the tenant."""
        user, key = self.caller()
        if key is not None and "read" not in key.scopes:
            raise ScopeMissing
        self.user, self.name = str(user.pk), str(user)
        self.may = user.get_all_permissions()
        self.allowed = {kind for kind, permission in NEEDS.items() if permission in self.may}

    async def _forward(self, messages: Inbox) -> None:
        while True:
            message = await messages.get()
            if message is None:
                await self.tell(MISSED)
            elif message.get("kind") == "presence":
                await self._show(message["people"])
            elif self._concerns(message):
                await self.tell(message)

    def _concerns(self, message: Message) -> bool:
        """Some messages are for one person, some for whoever may see such things; an unknown kind is for nobody."""
        kind = str(message.get("kind", "")).partition(".")[0]
        if kind == "comment":
            needed = {
                SUBJECTS[message["subject"]["kind"]],
                THREADS,
                *([VIEW_STEPS] if message["part"] == "step" else []),
            }
            return needed <= self.may
        if kind == "notification":
            return str(message.get("user")) == self.user
        return kind in self.allowed

    async def _beat_for_ever(self, visit: Visit) -> None:
        while True:
            await asyncio.sleep(presence.BEAT_S)
            await self._tell_news()
            await self.tell(Message(kind="heartbeat"))
            visit.moves()

    async def _tell_news(self) -> None:
        """Be here, and tell the others when the page is another than they know."""
        is_news = self.here != self.told_here
        self.told_here, self.told_at = self.here, time.monotonic()
        await self._beat(is_news=is_news)

    async def _beat(self, *, is_news: bool = False) -> None:
        await self._show(await in_tenant(self.tenant, self._arrive, is_news))

    async def _show(self, everybody: list[presence.Person]) -> None:
        people = presence.told_to(self.may, everybody)
        if people != self.shown:
            self.shown = people
            await self.tell(Message(kind="presence", people=people))

    def _arrive(self, is_news: bool) -> list[presence.Person]:
        page, subject, state = self.here
        presence.arrive(socket=self.socket, user=self.user, name=self.name, page=page, subject=subject, state=state)
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
