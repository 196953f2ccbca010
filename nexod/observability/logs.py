"""Structured logs: one JSON object a line with the ids of the scope; in a terminal, lines for people. No bodies, no secrets."""

from __future__ import annotations

import sys
from typing import Any

import structlog
from structlog.typing import EventDict

from nexod.kernel import scope
from nexod.observability.redaction import redact

QUIET: tuple[str, ...] = (
    "httpx",
    "httpcore",
    "openai",
    "asyncio",
    "urllib3",
    "daphne",
    "litellm",
    "LiteLLM",
    "markdown_it",
    "pypdf",
)
# What these say of every message, nexod.observability.tasks says once.
QUIET += ("celery.app.trace", "celery.worker.strategy")
# What Django adds to its own records: objects that hold headers, cookies and bodies.
UNTOLD = ("request", "response", "server_time")


def logging_config(*, level: str = "INFO", format_name: str = "") -> dict[str, Any]:
    """Return Django's LOGGING. ``format_name`` is json or console; empty means console in a terminal, json elsewhere."""
    chosen = format_name or ("console" if sys.stderr.isatty() else "json")
    if chosen not in ("json", "console"):
        raise SystemExit(f"NEXOD_LOG_FORMAT is {format_name!r}: it must be json or console.")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"nexod": {"()": formatter, "chosen": chosen}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "nexod"},
            "nowhere": {"class": "logging.NullHandler"},
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {**_ours(), **{name: {"level": "WARNING"} for name in QUIET}},
    }


def _ours() -> dict[str, Any]:
    plain = {"handlers": [], "propagate": True}
    silent = {"handlers": ["nowhere"], "propagate": False}
    return {
        "django": plain,
        # The request line of nexod.observability.requests says it once and better.
        "django.server": {**plain, "level": "ERROR"},
        "django.request": {**plain, "level": "ERROR"},
        "django.channels.server": {**plain, "level": "WARNING"},
        "uvicorn": plain,
        "uvicorn.error": plain,
        "uvicorn.access": silent,
        # Strangers knock with any Host header; that is no error of ours.
        "django.security.DisallowedHost": silent,
    }


def formatter(chosen: str) -> structlog.stdlib.ProcessorFormatter:
    """Return the formatter for every record, whichever library wrote it."""
    renderer: Any = structlog.dev.ConsoleRenderer() if chosen == "console" else structlog.processors.JSONRenderer()
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            _scoped,
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _redacted, renderer],
        keep_exc_info=False,
    )


def _scoped(logger: Any, method: str, event: EventDict) -> EventDict:
    for name in UNTOLD:
        event.pop(name, None)
    for name, value in scope.labels().items():
        event.setdefault(name, value)
    return event


def _redacted(logger: Any, method: str, event: EventDict) -> EventDict:
    return dict(redact(event))
