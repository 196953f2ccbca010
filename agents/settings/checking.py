"""What is wrong with a content: found by storing it and taking that back, so that saving refuses nothing else."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from agents.settings.kinds import Kind
from nexod.kernel.errors import NexodError
from tenants.records import Record

Json = dict[str, Any]
SHOWN = 20


class _TakenBack(Exception):
    """It could be stored."""


def problems_of(kind: Kind, row: Record, content: Json) -> list[Json]:
    """Return ``{"node", "field", "code", "message"}`` for what keeps the content from being saved in the locked row."""
    try:
        with transaction.atomic():
            kind.require_shape(content)
            kind.store(kind.model._default_manager.get(pk=row.pk), content)
            raise _TakenBack
    except _TakenBack:
        return []
    except NexodError as error:
        return [_problem(**_named(item), code=error.code) for item in _items(error)][:SHOWN]
    except ValidationError as error:
        return [_problem(field, text, code="invalid") for field, text in _texts(error)][:SHOWN]


def _items(error: NexodError) -> list[Any]:
    listed = [] if isinstance(error.details, dict) else list(error.details)
    return listed or [{"message": error.message}]


def _named(item: Any) -> dict[str, str]:
    return {"field": str(item.get("field", "")), "message": str(item.get("message", ""))}


def _texts(error: ValidationError) -> list[tuple[str, str]]:
    if not hasattr(error, "error_dict"):
        return [("", text) for text in error.messages]
    return [(field.strip("_"), text) for field, texts in error.message_dict.items() for text in texts]


def _problem(field: str, message: str, *, code: str) -> Json:
    return {"node": "", "field": field, "code": code, "message": message}
