"""The kinds of load, one a file: a name, a weight, and what one visit does."""

from __future__ import annotations

from types import ModuleType

from tests.hammer.loads import (
    cache,
    celery,
    checkpoints,
    documents,
    engine,
    hasty,
    http_sync,
    people,
    rooms_async,
    rooms_sync,
    search,
    sse,
    strangers,
    websocket,
)

KINDS: tuple[ModuleType, ...] = (
    http_sync,
    rooms_sync,
    rooms_async,
    cache,
    sse,
    websocket,
    celery,
    engine,
    checkpoints,
    search,
    documents,
    people,
    strangers,
    hasty,
)
