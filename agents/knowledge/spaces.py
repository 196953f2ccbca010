"""Which vector spaces a knowledge base has: the one that answers, and the one that is being built to take its place."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from agents.knowledge.embedding import Embedder, EmbeddingUnusable, embedder, is_provided
from agents.knowledge.errors import KnowledgeBaseMissing
from agents.models import KnowledgeBase, VectorSpace

MOST_WHOLE = 2_000
"""pgvector's own bound of an index over whole numbers; half numbers reach twice as far."""


def serving(base: KnowledgeBase) -> VectorSpace | None:
    """Return the space that answers; None before the first document."""
    return VectorSpace.objects.filter(knowledge_base=base.pk, state=VectorSpace.State.SERVING).first()


def written(base: KnowledgeBase) -> list[VectorSpace]:
    """Return the spaces that every new chunk goes to."""
    return list(VectorSpace.objects.filter(knowledge_base=base.pk, state__in=VectorSpace.WRITTEN).order_by("pk"))


def opened(base: KnowledgeBase, **how: Any) -> list[VectorSpace]:
    """Return the same, with the first space of a knowledge base that has none. May ask the model how large its vectors are."""
    if found := written(base):
        return found
    space = VectorSpace(knowledge_base=base, model=base.embedding_model, state=VectorSpace.State.SERVING)
    measure(space, **how)
    with transaction.atomic():
        share(base)
        VectorSpace.objects.bulk_create([space], ignore_conflicts=True)  # another document's reader was first
    return written(base)


def embedder_of(space: VectorSpace, **how: Any) -> Embedder:
    """Return the model of the space; ``how`` as ProvidedEmbedder takes it. Raises EmbedderUnknown and what connections raise."""
    if not is_provided(space.model):
        return embedder(space.model)
    return embedder(space.model, knowledge_base=space.knowledge_base.slug, dimensions=space.dimensions, **how)


def measure(space: VectorSpace, **how: Any) -> None:
    """Write into ``space`` how large its model's vectors are. Raises EmbeddingUnusable where no index could hold them."""
    space.dimensions = embedder_of(space, **how).dimensions
    if space.store != "pgvector" or space.dimensions <= MOST_WHOLE:
        return
    if space.dimensions > 2 * MOST_WHOLE:
        raise EmbeddingUnusable(
            f"{space.model} gives vectors of {space.dimensions:,} numbers; PostgreSQL indexes up to {2 * MOST_WHOLE:,}. "
            "Choose a smaller model, or a vector store outside.",
            details={"dimensions": space.dimensions},
        )
    space.half = True


def share(base: KnowledgeBase) -> None:
    """Keep spaces from coming and going until the transaction ends, beside others who do the same.

    Raises KnowledgeBaseMissing for one that was deleted meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM agents_knowledgebase WHERE id = %s FOR KEY SHARE", [base.pk])
        if cursor.fetchone() is None:
            raise KnowledgeBaseMissing


def own(base: KnowledgeBase) -> KnowledgeBase:
    """Return the knowledge base, locked: nobody indexes into it until the transaction ends."""
    return KnowledgeBase.objects.select_for_update().get(pk=base.pk)
