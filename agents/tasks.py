"""Celery tasks of the app: thin, ids in, one action called."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from agents.actions import budget_room, space_work, turns
from agents.knowledge.stores import indexing
from tenants.entry.celery import TenantTask
from tenants.messages import KeptTask


@shared_task(base=KeptTask, name="agents.ingest_documents")
def ingest_documents(lane: str) -> None:
    """Read documents of the tenant for a while."""
    turns.take_turn(lane=UUID(lane))


@shared_task(base=KeptTask, name="agents.send_vectors")
def send_vectors(space: str) -> None:
    """Do what is to be done for a vector space."""
    space_work.work_on(space=UUID(space))


@shared_task(base=KeptTask, name="agents.look_for_room")
def look_for_room(lane: str) -> None:
    """Let the documents and vectors that wait for room in a budget or the plan look whether there is some now."""
    budget_room.go_on()


@shared_task(base=TenantTask, name="agents.index_space")
def index_space(space: str) -> None:
    """Build the index of a space, as the database's owner."""
    indexing.build_index(space=UUID(space))


@shared_task(base=TenantTask, name="agents.drop_index")
def drop_index(space: str) -> None:
    """Drop the index of a space, as the database's owner."""
    indexing.drop_index(space=UUID(space))


@shared_task(base=TenantTask, name="agents.clear_namespace")
def clear_namespace(connection: str, knowledge_base: str, space: str) -> None:
    """Forget the vectors of a knowledge base that is gone."""
    space_work.clear_namespace(connection=UUID(connection), knowledge_base=UUID(knowledge_base), space=UUID(space))
