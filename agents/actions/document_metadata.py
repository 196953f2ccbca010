"""Say what a document is about beside its text; searches can be narrowed by it from then on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from agents.actions.rows import invalid
from agents.knowledge.metadata import RULE, is_sound
from agents.models import Document
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission


@transaction.atomic
def update_document(*, actor: User, document: Document, metadata: Mapping[str, Any] | None = None) -> Document:
    """Put ``metadata``, where it is given, in place of what the document had. Raises PermissionDenied or InvalidInput."""
    require_permission(actor, "agents.change_document")
    if metadata is not None:
        document.metadata = sound(metadata)
        document.save(update_fields=["metadata", "updated_at"])
    return document


def sound(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the metadata, none as empty; raise InvalidInput for what cannot be kept."""
    if metadata is not None and not is_sound(metadata):
        raise invalid("metadata", RULE)
    return dict(metadata or {})
