"""Say who may read a document, and be answered from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.contrib.auth.models import Group
from django.db import transaction

from agents.models import Document
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission


@transaction.atomic
def set_readers(
    *,
    actor: User,
    document: Document,
    visibility: str,
    readers: Sequence[User] = (),
    reader_groups: Sequence[Group] = (),
) -> Document:
    """Open the document to everyone, or close it to all but these people and groups. From the next search on it is so."""
    require_permission(actor, "agents.change_document")
    document.visibility = Document.Visibility(visibility)
    document.save(update_fields=["visibility", "updated_at"])
    document.readers.set(readers)
    document.reader_groups.set(reader_groups)
    return document


def let_read(person: User, documents: Iterable[UUID]) -> None:
    """Name a reader of documents that have just been stored. In the caller's transaction."""
    reading = Document.readers.through
    rows = [reading(document_id=document, user_id=person.pk) for document in documents]
    reading.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
