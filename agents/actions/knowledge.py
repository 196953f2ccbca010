"""Open and close knowledge bases."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from agents.actions.contents import forget_files
from agents.actions.rows import free_slug, invalid, saved
from agents.actions.spaces import known_dimensions
from agents.knowledge.index import forget_knowledge
from agents.knowledge.options import problems
from agents.models import KnowledgeBase
from agents.settings.port import followed, shared
from nexod.kernel import activity
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission


@transaction.atomic
def create_knowledge_base(*, actor: User, name: str, slug: str = "", **fields: Any) -> KnowledgeBase:
    """Return a new, empty knowledge base. Raises PermissionDenied, or what names the fields that are not valid.

    ``embedding_model`` is a bundled one, or ``<slug of a connection>/<model>``; later on ``build_space`` changes it.
    """
    require_permission(actor, "agents.add_knowledgebase")
    if fields.get("embedding_model"):
        known_dimensions(fields["embedding_model"])
    slug = slug or free_slug(KnowledgeBase, name)
    base = saved(KnowledgeBase(), {**_checked(fields), "name": name, "slug": slug})
    activity.note(actor, "created", "knowledge", base)
    return base


@transaction.atomic
def update_knowledge_base(*, actor: User, knowledge_base: KnowledgeBase, **fields: Any) -> KnowledgeBase:
    """Change what is given."""
    require_permission(actor, "agents.change_knowledgebase")
    knowledge_base.refresh_from_db(from_queryset=KnowledgeBase.objects.select_for_update())
    model = fields.pop("embedding_model", knowledge_base.embedding_model)
    if model != knowledge_base.embedding_model:
        raise invalid(
            "embedding_model", "Another model needs new vectors: ask for these, and they take over when they are whole."
        )
    with followed(actor, "knowledge", knowledge_base):
        return set_knowledge_base(knowledge_base, **fields)


def set_knowledge_base(knowledge_base: KnowledgeBase, **fields: Any) -> KnowledgeBase:
    """Check and store what is given of a locked knowledge base; whoever calls this has asked who may."""
    return saved(knowledge_base, _checked(fields))


@transaction.atomic
def delete_knowledge_base(*, actor: User, knowledge_base: KnowledgeBase) -> None:
    """Delete it with its documents, their chunks, vectors and files."""
    require_permission(actor, "agents.delete_knowledgebase")
    forget_files(knowledge_base.documents.all())
    forget_knowledge(knowledge_base)
    gone = knowledge_base.pk
    activity.note(actor, "deleted", "knowledge", knowledge_base)
    knowledge_base.delete()
    shared().forget("knowledge", gone)


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    if wrong := problems(fields.get("retrieval", {})):
        raise invalid("retrieval", " ".join(wrong))
    return fields
