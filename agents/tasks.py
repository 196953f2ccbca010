"""Celery tasks of the app: thin, ids in, one action called."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from agents.actions import ingestion
from tenants.entry.celery import TenantTask


@shared_task(base=TenantTask, name="agents.ingest_document")
def ingest_document(document_id: str) -> None:
    """Parse, chunk, embed and index one document."""
    ingestion.ingest_document(document_id=UUID(document_id))
