"""Give a knowledge base other vectors, of another model or in another store: built beside those that serve, then in their place.

Searches are answered from the old space until the new one is whole. What people do here is an order; agents/actions/space_work.py
carries it out.
"""

from __future__ import annotations

from django.db import transaction

from agents.actions.rows import invalid
from agents.knowledge import spaces
from agents.knowledge.embedding import embedder, is_provided
from agents.knowledge.provided import endpoint_of_model
from agents.knowledge.stores import STORES, vector_store
from agents.models import Chunk, KnowledgeBase, StoreConnection, VectorSpace
from nexod.kernel.errors import Conflict, NexodError
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.messages import enqueue_kept
from tenants.models import DueTime

State = VectorSpace.State


class AlreadyBuilding(Conflict):
    """The knowledge base is being given other vectors already. Wait for the end, or stop it."""

    code = "vector_space_building"


@transaction.atomic
def build_space(
    *,
    actor: User,
    knowledge_base: KnowledgeBase,
    model: str = "",
    store: str = "",
    store_connection: StoreConnection | None = None,
    half: bool | None = None,
) -> VectorSpace:
    """Begin to give the knowledge base other vectors; what is left out stays as it is. Raises AlreadyBuilding.

    ``model`` is a bundled one, or ``<slug of a connection>/<model>``.
    """
    require_permission(actor, "agents.change_knowledgebase")
    base = spaces.own(knowledge_base)
    if base.spaces.filter(state=State.BUILDING).exists():
        raise AlreadyBuilding
    now = spaces.serving(base)
    model = model or (now.model if now else base.embedding_model)
    store = store or (now.store if now and not store_connection else "pinecone" if store_connection else "pgvector")
    if store not in STORES:
        raise invalid("store", f"There is no vector store {store!r}; there are {', '.join(STORES)}.")
    if vector_store(store).is_outside and store_connection is None:
        store_connection = now.connection if now else None
        if store_connection is None:
            raise invalid("store_connection", "This store needs a connection.")
    for failed in base.spaces.filter(state=State.FAILED):
        retire(failed)
    made = VectorSpace.objects.create(
        knowledge_base=base,
        model=model,
        dimensions=now.dimensions if now and now.model == model else known_dimensions(model),
        store=store,
        connection=store_connection if vector_store(store).is_outside else None,
        half=(now.half if now else False) if half is None else half,
        state=State.BUILDING,
        total=Chunk.objects.filter(knowledge_base=base).count(),
    )
    enqueue_kept(DueTime.Kind.VECTORS, made.pk)
    return made


def known_dimensions(model: str) -> int:
    """Return how large the model's vectors are, 0 where only asking it can tell. Raises InvalidInput for what is no model here."""
    try:
        if not is_provided(model):
            return embedder(model).dimensions
        endpoint_of_model(model)
    except NexodError as error:
        raise invalid("model", str(error.message)) from error
    return 0


@transaction.atomic
def stop_building(*, actor: User, knowledge_base: KnowledgeBase) -> None:
    """Give up the space that is being built; the one that serves goes on."""
    require_permission(actor, "agents.change_knowledgebase")
    spaces.own(knowledge_base)
    for space in VectorSpace.objects.filter(knowledge_base=knowledge_base, state__in=(State.BUILDING, State.FAILED)):
        retire(space)


def retire(space: VectorSpace) -> None:
    """Have the space's vectors deleted, then the space; in the caller's transaction."""
    VectorSpace.objects.filter(pk=space.pk).update(state=State.RETIRED, sending_until=None)
    enqueue_kept(DueTime.Kind.VECTORS, space.pk)
