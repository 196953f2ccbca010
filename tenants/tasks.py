"""Celery tasks of the public plane and of accounts: thin, one action called. Provisioning runs on queue ops, whose workers own
the database."""

from __future__ import annotations

from celery import shared_task

from tenants.accounts.actions.passwords import send_reset_link
from tenants.actions.requests import provision_requested
from tenants.context import current_tenant
from tenants.entry.celery import PlatformTask, TenantTask


@shared_task(base=PlatformTask, name="tenants.provision")
def provision(request: str) -> None:
    """Make the tenant that a member of the staff asked for."""
    provision_requested(request=request)


# The address and not an id: whether somebody has it is found out here, so that the page answers everybody alike, and as fast.
@shared_task(base=TenantTask, name="accounts.send_reset_link")
def send_link_to_person(email: str, page: str) -> None:
    """Mail a link for a new password, if a person of the tenant has that address."""
    send_reset_link(email=email, page=page, place=current_tenant().name)


@shared_task(base=PlatformTask, name="accounts.send_reset_link_to_staff")
def send_link_to_staff(email: str, page: str) -> None:
    """Mail a link for a new password, if a member of the staff has that address."""
    send_reset_link(email=email, page=page, place="the Nexod platform")
