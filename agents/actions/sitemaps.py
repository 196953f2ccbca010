"""Sitemaps: added, read by a worker, asked again, forgotten with their pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from agents.actions.addresses import add_pages, page_address
from agents.actions.contents import forget_files
from agents.actions.document_metadata import sound
from agents.actions.lanes import wake_lane
from agents.knowledge.index import forget
from agents.models import Document, KnowledgeBase, Sitemap
from nexod.kernel.errors import Conflict, NexodError
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission

BATCH = 500
Status = Sitemap.Status


class SitemapInWork(Conflict):
    """The sitemap is being read right now."""

    code = "sitemap_in_work"


class SitemapDiffers(Conflict):
    """This sitemap is here already, with other metadata or open to everyone. Change its documents, or delete it first."""

    code = "sitemap_differs"


@transaction.atomic
def add_sitemap(
    *,
    actor: User,
    knowledge_base: KnowledgeBase,
    address: str,
    metadata: Mapping[str, Any] | None = None,
    visibility: str = Document.Visibility.EVERYONE,
) -> Sitemap:
    """Have a sitemap read; return it, or the one that is there already. ``metadata`` and ``visibility`` are those of each page
    that becomes a document, now and later: restricted, it is read by ``actor`` alone.

    Raises PermissionDenied, AddressInvalid or InvalidInput, and SitemapDiffers where the one that is there keeps no such promise.
    """
    require_permission(actor, "agents.add_sitemap")
    said, place = sound(metadata), {"knowledge_base": knowledge_base, "address": page_address(address)}
    new = {"added_by": actor, "metadata": said, "visibility": Document.Visibility(visibility)}
    sitemap, is_new = Sitemap.objects.get_or_create(**place, defaults=new)
    if is_new:
        wake_lane(sitemap.pk)
    elif (said and said != sitemap.metadata) or visibility not in (Document.Visibility.EVERYONE, sitemap.visibility):
        raise SitemapDiffers
    return sitemap


@transaction.atomic
def refresh_sitemap(*, actor: User, sitemap: Sitemap) -> Sitemap:
    """Read the sitemap again, and ask for each of its pages whether it has changed. Raises SitemapInWork."""
    require_permission(actor, "agents.change_sitemap")
    row = Sitemap.objects.select_for_update().get(pk=sitemap.pk)
    if row.status in (Status.PENDING, Status.PROCESSING):
        raise SitemapInWork
    row.status, row.error = Status.PENDING, None
    row.save()
    ended = (Document.Status.READY, Document.Status.FAILED, Document.Status.DUPLICATE)
    row.documents.filter(status__in=ended).update(
        status=Document.Status.PENDING, progress=0, error=None, attempts=0, retry_at=None, updated_at=timezone.now()
    )
    wake_lane(row.pk)
    return row


@transaction.atomic
def delete_sitemap(*, actor: User, sitemap: Sitemap) -> None:
    """Forget the sitemap and all documents that came from it."""
    require_permission(actor, "agents.delete_sitemap")
    require_permission(actor, "agents.delete_document")
    forget_files(sitemap.documents.all())
    forget(sitemap.documents.all())
    sitemap.delete()


def read_sitemap(pk: UUID) -> None:
    """Read a sitemap that ``claim`` gave, and store a pending document for every page that it names."""
    from agents.knowledge.web.robots import require_allowed
    from agents.knowledge.web.sitemaps import pages_of

    sitemap = Sitemap.objects.select_related("knowledge_base").get(pk=pk)
    about = {"metadata": sitemap.metadata, "visibility": sitemap.visibility}
    try:
        pages = pages_of(sitemap.address, may_fetch=require_allowed, while_waiting=lambda: _still_there(sitemap))
        addresses = list(pages.addresses)
        for begin in range(0, len(addresses), BATCH):
            batch = {page_address(address): None for address in addresses[begin : begin + BATCH]}
            with transaction.atomic():
                add_pages(sitemap.knowledge_base, batch, actor=sitemap.added_by, sitemap=sitemap, **about)
        found = {"found": len(addresses), "left_out": pages.left_out}
        _end(sitemap, status=Status.READY, error=None, read_at=timezone.now(), **found)
    except NexodError as error:
        _end(sitemap, status=Status.FAILED, error={"code": error.code, "message": error.message})


def _still_there(sitemap: Sitemap) -> None:
    if not Sitemap.objects.filter(pk=sitemap.pk).exists():
        raise SitemapInWork("The sitemap was deleted while it was read.")


def _end(sitemap: Sitemap, **values: object) -> None:
    Sitemap.objects.filter(pk=sitemap.pk).update(updated_at=timezone.now(), **values)
