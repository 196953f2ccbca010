"""Open and close knowledge bases."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from agents.actions.documents import forget_files
from agents.actions.rows import free_slug, saved
from agents.models import KnowledgeBase
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission


@transaction.atomic
def create_knowledge_base(*, actor: User, name: str, slug: str = "", **fields: Any) -> KnowledgeBase:
    """Return a new, empty knowledge base. Raises PermissionDenied, or what names the fields that are not valid."""
    require_permission(actor, "agents.add_knowledgebase")
    return saved(KnowledgeBase(), {**fields, "name": name, "slug": slug or free_slug(KnowledgeBase, name)})


@transaction.atomic
def update_knowledge_base(*, actor: User, knowledge_base: KnowledgeBase, **fields: Any) -> KnowledgeBase:
    """Change what is given."""
    require_permission(actor, "agents.change_knowledgebase")
    return saved(knowledge_base, fields)


@transaction.atomic
def delete_knowledge_base(*, actor: User, knowledge_base: KnowledgeBase) -> None:
    """Delete it with its documents, their chunks, vectors and files."""
    require_permission(actor, "agents.delete_knowledgebase")
    forget_files(knowledge_base.documents.all())
    knowledge_base.delete()
