"""Tell others that a document became ready, could not be read, or is gone. In the transaction in which it happens."""

from __future__ import annotations

from agents.models import Document
from nexod.kernel.happenings import Happening, tell
from nexod.kernel.identifiers import new_id


def tell_of(document: Document, what: str) -> None:
    """Tell ``document.ready``, ``document.failed`` or ``document.deleted``: its id and names, nothing of what it says.

    A document with readers of its own is told without its name: workflows and webhooks are seen by others, too.
    """
    facts = {
        "id": str(document.pk),
        "name": document.name if document.visibility == Document.Visibility.EVERYONE else "",
        "knowledge_base": document.knowledge_base.slug,
        "url": f"/api/v1/documents/{document.pk}",
    }
    tell(Happening(f"document.{what}", f"{document.pk}:{new_id()}", {"document": facts}))
