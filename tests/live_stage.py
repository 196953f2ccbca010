"""Runs that are really committed, for tests whose watchers look from other threads; everything is deleted afterwards."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache
from typing import Any
from uuid import UUID

import httpx
import uvicorn
from asgiref.sync import sync_to_async
from django.db import connections, transaction
from django.test import Client

from collaboration import presence
from nexod.kernel import events
from nexod.kernel.outbox import outbox
from tenants.accounts.actions.api_keys import issue_api_key
from tenants.accounts.models import ApiKey, User
from tenants.context import enter_platform, enter_tenant
from tenants.models import Tenant
from tests import cast
from workflows.actions.events import append_events
from workflows.models import Run

STATUS = {"run.completed": "completed", "run.failed": "failed", "run.cancelled": "cancelled", "run.resumed": "running"}


class Server:
    """The real ASGI application behind a real server, in a thread of this process."""

    def __init__(self) -> None:
        from nexod.asgi import application

        settings = uvicorn.Config(
            application, port=0, log_config=None, access_log=False, lifespan="off", ws="websockets-sansio"
        )
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    def rest(self) -> None:
        """Wait until every request is over: clients that left are noticed a moment later, and that needs the database."""
        until = time.monotonic() + 5
        while self._server.server_state.tasks and time.monotonic() < until:
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(60)


class Stage:
    """Both organisations, and what happens in them."""

    def __init__(self, server: Server) -> None:
        self.port = server.port
        self._runs: list[Run] = []
        self._keys: dict[tuple[Any, ...], str] = {}

    def program(self, slug: str, key: str | None = None) -> httpx.AsyncClient:
        """Return a client of the tenant's host with that API key."""
        headers = {"host": f"{slug}.test"} | ({"authorization": f"Bearer {key}"} if key else {})
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=20)

    @staticmethod
    @cache
    def tenant(slug: str) -> Tenant:
        with enter_platform():
            return Tenant.objects.select_related("plan").get(slug=slug)

    def user(self, slug: str, role: str) -> User:
        return User.objects.get(email=cast.email(slug, role))

    def key(self, slug: str, role: str, *, scopes: Sequence[str] = ("read",)) -> str:
        """Return an API key; made before the first ``await`` of a test, from its own thread."""
        wanted = (slug, role, *scopes)
        if wanted not in self._keys:
            self._keys[wanted] = _in_thread(self._issue, slug, role, scopes)
        return self._keys[wanted]

    def _issue(self, slug: str, role: str, scopes: Sequence[str]) -> str:
        with enter_tenant(self.tenant(slug)):
            user = self.user(slug, role)
            return issue_api_key(actor=user, user=user, name="stage", scopes=list(scopes))[1]

    def browser(self, slug: str, role: str) -> Client:
        """Return a client that is logged in."""
        client = Client(headers={"host": f"{slug}.test"})
        with enter_tenant(self.tenant(slug)):
            client.force_login(self.user(slug, role))
        return client

    def session(self, slug: str, role: str) -> str:
        """Return the cookie of a browser that is logged in."""
        return _in_thread(lambda: f"sessionid={self.browser(slug, role).cookies['sessionid'].value}")

    def person(self, slug: str, role: str) -> UUID:
        """Return the person's id."""

        def find() -> UUID:
            with enter_tenant(self.tenant(slug)):
                return self.user(slug, role).pk

        return _in_thread(find)

    async def within(self, slug: str, work: Callable[[], Any]) -> Any:
        """Run ``work`` inside the tenant, in a thread."""

        def inside() -> Any:
            with enter_tenant(self.tenant(slug)):
                return work()

        return await _hop(inside)

    @asynccontextmanager
    async def holding(self, slug: str, take: Callable[[], Any]) -> AsyncIterator[None]:
        """Keep a transaction of another connection open, in which ``take`` was called."""
        taken, release = threading.Event(), threading.Event()

        def hold() -> None:
            with transaction.atomic():
                take()
                taken.set()
                release.wait(60)

        held = asyncio.create_task(self.within(slug, hold))
        await asyncio.to_thread(taken.wait, 60)
        try:
            yield
        finally:
            release.set()
            await held

    async def ghost(self, slug: str) -> None:
        """Let somebody be present who will never be heard of again."""
        await self.within(slug, lambda: presence.arrive(socket="ghost", user="ghost", name="A ghost"))

    def run_now(self, slug: str) -> Run:
        tenant = self.tenant(slug)
        with enter_tenant(tenant), transaction.atomic():
            run = Run.objects.create(kind="workflow", title="Briefing", definition={}, status="running")
            append_events(run.pk, [events.RunCreated(kind="workflow", target="Briefing")])
        run.tenant = tenant  # type: ignore[attr-defined]
        self._runs.append(run)
        return run

    def tell_now(self, run: Run, *told: events.Event) -> None:
        with enter_tenant(run.tenant), transaction.atomic():  # type: ignore[attr-defined]
            append_events(run.pk, told)
            for event in told:
                if event.type in STATUS:
                    Run.objects.filter(pk=run.pk).update(status=STATUS[event.type])
        outbox.drain()

    def delete_now(self, run: Run) -> None:
        with enter_tenant(run.tenant):  # type: ignore[attr-defined]
            Run.objects.filter(pk=run.pk).delete()

    def revoke_now(self, slug: str) -> None:
        with enter_tenant(self.tenant(slug)):
            ApiKey.objects.filter(name="stage").delete()

    def clear(self) -> None:
        for run in self._runs:
            self.delete_now(run)
        for slug in cast.SLUGS:
            self.revoke_now(slug)

    async def run(self, slug: str) -> Run:
        return await _hop(self.run_now, slug)

    async def tell(self, run: Run, *told: events.Event) -> None:
        await _hop(self.tell_now, run, *told)

    async def delete(self, run: Run) -> None:
        await _hop(self.delete_now, run)

    async def revoke_keys(self, slug: str) -> None:
        await _hop(self.revoke_now, slug)


async def _hop(work: Any, *args: Any) -> Any:
    def run() -> Any:
        try:
            return work(*args)
        finally:
            connections.close_all()

    return await sync_to_async(run, thread_sensitive=False)()


def _in_thread(work: Any, *args: Any) -> Any:
    def run() -> Any:
        try:
            return work(*args)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(run).result()
