"""Views in every manner that Django knows. The mark comes from the client: only it knows for certain whose it is."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, JsonResponse

from agents.knowledge.files import files
from nexod.kernel import topics
from nexod.kernel.queue import enqueue
from tenants.accounts.authentication import identify
from tenants.backend.raw import tenant_connection
from tenants.context import current_tenant, in_tenant
from tests.hammer.rooms import notes as rows_of_notes

FOLDER = "hammer"
KEPT_S = 60


def notes(request: HttpRequest) -> JsonResponse:
    """Write and read, without a transaction."""
    rows_of_notes.write(_mark(request))
    return JsonResponse(rows_of_notes.read())


def trip(request: HttpRequest) -> JsonResponse:
    """Go on after errors, in the request's own thread."""
    return JsonResponse({"seen": _tripped(_mark(request))})


async def tumble(request: HttpRequest) -> JsonResponse:
    """Go on after errors in a hop, on a connection that comes from the pool as the last one left it."""
    return JsonResponse({"seen": await in_tenant(request.tenant, _tripped, _mark(request))})  # type: ignore[attr-defined]


async def rows(request: HttpRequest) -> JsonResponse:
    """Read over two kinds of hop with a pause between them, and as whoever the key says."""
    tenant = request.tenant  # type: ignore[attr-defined]
    first = await in_tenant(tenant, _known, request)
    await asyncio.sleep(float(request.GET.get("pause", "0.002")))
    second = await sync_to_async(rows_of_notes.read)()
    third = await in_tenant(tenant.schema_name, rows_of_notes.read)
    return JsonResponse({"seen": [first, second, third]})


async def shelf(request: HttpRequest) -> JsonResponse:
    """Put something into the cache and take it out again on the event loop, where all tenants' views take turns."""
    name = f"shelf-{request.GET['name']}"
    cache.set(name, _mark(request), KEPT_S)
    await asyncio.sleep(0.01)
    return JsonResponse({"here": cache.get(name), "hopped": await cache.aget(name)})


def raw(request: HttpRequest) -> JsonResponse:
    """Read over psycopg alone, as the checkpoints do."""
    with tenant_connection(current_tenant()) as opened:
        place = opened.execute("SELECT current_schema() AS schema, current_user AS role").fetchall()
        people = opened.execute("SELECT full_name FROM accounts_user LIMIT 8").fetchall()
    return JsonResponse({"place": place, "people": people})


def hold(request: HttpRequest) -> JsonResponse:
    """Keep a connection for a while, inside a transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        rows_of_notes.write(_mark(request), "held")
        cursor.execute("SELECT pg_sleep(%s)", [float(request.GET["seconds"])])
        return JsonResponse(rows_of_notes.read())


def drawer(request: HttpRequest) -> JsonResponse:
    """Keep a file, and read it and another one of the folder."""
    name = files.save(f"{FOLDER}/{uuid4().hex}", ContentFile(_mark(request).encode()))
    listed = sorted(files.listdir(FOLDER)[1])
    seen = [_content(kept) for kept in {name, *(f"{FOLDER}/{other}" for other in listed[:2])}]
    for old in listed[4:]:
        files.delete(f"{FOLDER}/{old}")
    return JsonResponse({"seen": [text for text in seen if text]})


def send(request: HttpRequest) -> JsonResponse:
    """Send a Celery message and a live message."""
    mark = _mark(request)
    enqueue("hammer.note", mark=mark)
    topics.publish(topics.workspace_topic(current_tenant().pk), {"kind": "run.finished", "title": mark})
    return JsonResponse({"sent": mark})


def _mark(request: HttpRequest) -> str:
    return request.GET["mark"]


def _known(request: HttpRequest) -> dict[str, Any]:
    user, _ = identify(authorization=request.headers.get("Authorization", ""), session_key=None)
    return {"user": user.full_name, **rows_of_notes.read()}


def _tripped(mark: str) -> list[Any]:
    """Fail inside a savepoint, go on, fail the whole transaction, and go on after that too; return what was seen."""
    seen: list[Any] = []
    try:
        with transaction.atomic():
            rows_of_notes.write(mark, "before")
            try:
                with transaction.atomic():
                    rows_of_notes.write(mark, "inside")
                    _stumble()
            except DatabaseError:
                seen.append(rows_of_notes.read())
            _stumble()
    except DatabaseError:
        rows_of_notes.write(mark, "after")
        seen.append(rows_of_notes.read())
    return seen


def _stumble() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


def _content(name: str) -> str:
    try:
        with files.open(name) as kept:
            return kept.read().decode()
    except FileNotFoundError:  # another request of the same tenant tidied up
        return ""
