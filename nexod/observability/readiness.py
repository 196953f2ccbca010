"""Asks everything that a web process needs whether it answers: side by side, each within a bound, at most once a second."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.utils.module_loading import import_string

TIMEOUT_S = 3.0
KEPT_S = 1.0
logger = logging.getLogger(__name__)


class NotReady(Exception):
    """A check's own words about what is missing; safe to show to anybody."""


def database() -> None:
    """Ask the database for one row."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


def migrations() -> None:
    """Raise NotReady when the code has migrations that the public plane has not."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        missing = _known_migrations() - {(app, name) for app, name in cursor.fetchall()}
    if missing:
        raise NotReady(f"{len(missing)} migrations are not applied")


def cache_answers() -> None:
    """Ask the cache's Valkey for a sign of life."""
    _ping(settings.REDIS_URL)


def broker() -> None:
    """Ask the Celery broker's Valkey for a sign of life."""
    _ping(settings.CELERY_BROKER_URL)


CHECKS: dict[str, Callable[[], None]] = {
    "database": database,
    "migrations": migrations,
    "cache": cache_answers,
    "broker": broker,
}
# Two rounds fit; when checks hang, later rounds wait in line and report "no answer" instead of piling up threads.
_threads = ThreadPoolExecutor(max_workers=2 * len(CHECKS), thread_name_prefix="ready")
_asking = threading.Lock()
_last: tuple[float, dict[str, Any]] = (0.0, {})


def report() -> dict[str, Any]:
    """Return ``{"status", "failed": [names], "checks": {name: {"ok", "ms"[, "reason"]}}}``, no older than KEPT_S."""
    global _last
    with _asking:
        if time.monotonic() - _last[0] > KEPT_S or not _last[1]:
            found = _ask_all()
            _last = (time.monotonic(), found)
        return _last[1]


def forget() -> None:
    """Make the next report ask again."""
    global _last
    _last = (0.0, {})


def _ask_all() -> dict[str, Any]:
    deadline = time.monotonic() + TIMEOUT_S
    answers = {name: _threads.submit(_ask, check) for name, check in CHECKS.items()}
    checks = {name: _outcome(answer, deadline) for name, answer in answers.items()}
    failed = [name for name, outcome in checks.items() if not outcome["ok"]]
    if failed:
        logger.warning("Not ready", extra={"failed": failed, "checks": checks})
    return {"status": "unavailable" if failed else "ok", "failed": failed, "checks": checks}


def _ask(check: Callable[[], None]) -> dict[str, Any]:
    started = time.perf_counter()
    reason = ""
    try:
        with _place():
            check()
    except NotReady as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer; its text may hold passwords
        reason = type(error).__name__
    finally:
        connections.close_all()
    outcome: dict[str, Any] = {"ok": not reason, "ms": round((time.perf_counter() - started) * 1000, 1)}
    return {**outcome, "reason": reason} if reason else outcome


def _outcome(answer: Future[dict[str, Any]], deadline: float) -> dict[str, Any]:
    try:
        return answer.result(timeout=max(0.0, deadline - time.monotonic()))
    except TookTooLong:
        answer.cancel()
        return {"ok": False, "ms": round(TIMEOUT_S * 1000, 1), "reason": "no answer"}


def _place() -> AbstractContextManager[None]:
    """Return where the checks run: this layer knows no tenants, so the settings name the way onto the public plane."""
    path = getattr(settings, "NEXOD_READINESS_PLACE", "")
    return import_string(path)() if path else nullcontext()


def _ping(url: str) -> None:
    client = redis.Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
    try:
        client.ping()
    finally:
        client.close()


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
