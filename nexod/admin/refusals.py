"""What an action refused, in words for a form or for the top of the next page."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import HttpRequest

from nexod.kernel.errors import NexodError

Refusal = NexodError | ValidationError


def problems(error: Refusal) -> list[tuple[str, str]]:
    """Return the refusal as (field, message) pairs; the field is empty where none is named."""
    if isinstance(error, ValidationError):
        return _of_validation(error)
    if isinstance(error.details, Mapping):
        return [("", error.message)]
    items = [item for item in error.details if isinstance(item, Mapping)]
    named = [(str(item.get("field", "")), str(item.get("message", ""))) for item in items]
    return named or [("", error.message)]


def tell(request: HttpRequest, error: Refusal) -> None:
    """Put the reason on top of the next page."""
    for field, message in problems(error):
        messages.error(request, f"{field}: {message}" if field else message)


def _of_validation(error: ValidationError) -> list[tuple[str, str]]:
    if not hasattr(error, "error_dict"):
        return [("", message) for message in error.messages]
    named = [(name, message) for name, texts in error.message_dict.items() for message in texts]
    return [("" if name == NON_FIELD_ERRORS else name, message) for name, message in named]
