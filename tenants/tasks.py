"""Celery tasks of the public plane: thin, ids in, one action called. They run on queue ops, whose workers own the database."""

from __future__ import annotations

from celery import shared_task

from tenants.actions.requests import provision_requested
from tenants.entry.celery import PlatformTask


@shared_task(base=PlatformTask, name="tenants.provision")
def provision(request: str) -> None:
    """Make the tenant that a member of the staff asked for."""
    provision_requested(request=request)
