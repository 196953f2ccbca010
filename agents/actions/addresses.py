"""Pages of the web become documents: rows with an address, whose content a worker fetches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from django.db import transaction

from agents.actions.document_metadata import sound
from agents.actions.lanes import wake_lane
from agents.actions.readers import let_read
from agents.knowledge.readers import readable_by, reader_of
from agents.models import Document, KnowledgeBase, Sitemap
from nexod.kernel.errors import InvalidInput
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission

LONGEST = 800
MOST_AT_ONCE = 1_000
_KEPT = "%/:=&?~#+!$,;'@()*[]"


class AddressInvalid(InvalidInput):
    """This is not the address of a page: it begins with https:// or http://, and holds no password."""

    code = "address_invalid"


def add_addresses(
    *,
    actor: User,
    knowledge_base: KnowledgeBase,
    addresses: Sequence[str],
    metadata: Mapping[str, Any] | None = None,
    visibility: str = Document.Visibility.EVERYONE,
) -> list[Document]:
    """Have the pages fetched; return their documents in the order of ``addresses``. One that is there already stays as it is;
    one that ``actor`` may not read is left out. ``metadata`` and ``visibility`` are those of each new one: restricted, it is
    read by ``actor`` alone.

    Raises PermissionDenied, or AddressInvalid that names the address.
    """
    require_permission(actor, "agents.add_document")
    said = sound(metadata)
    wanted = list(dict.fromkeys(page_address(address) for address in addresses))
    if len(wanted) > MOST_AT_ONCE:
        raise AddressInvalid(
            f"At most {MOST_AT_ONCE:,} addresses are added at once. For a whole site, add its sitemap."
        )
    with transaction.atomic():
        add_pages(knowledge_base, wanted, actor=actor, metadata=said, visibility=visibility)
    rows = readable_by(reader_of(actor), knowledge_base.documents.filter(address__in=wanted))
    there = {row.address: row for row in rows}
    return [there[address] for address in wanted if address in there]


def add_pages(
    base: KnowledgeBase, addresses: Iterable[str], *, actor: User | None, sitemap: Sitemap | None = None,
    metadata: Mapping[str, Any] | None = None, visibility: str = Document.Visibility.EVERYONE,
) -> None:  # fmt: skip
    """Store a pending document for each address that has none. In the caller's transaction."""
    rows = [
        Document(
            knowledge_base=base, sitemap=sitemap, origin=Document.Origin.URL, address=address, uploaded_by=actor,
            name=_name(address), metadata=dict(metadata or {}), visibility=Document.Visibility(visibility),
        )
        for address in addresses
    ]  # fmt: skip
    if not rows:
        return
    Document.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    wake_lane(rows[0].pk)
    if actor and visibility == Document.Visibility.RESTRICTED:
        new = Document.objects.filter(pk__in=[row.pk for row in rows]).order_by()
        let_read(actor, new.values_list("pk", flat=True))


def page_address(address: str) -> str:
    """Return the address as it is kept: in ASCII, without a fragment. Raises AddressInvalid."""
    try:
        parts = urlsplit(address.strip())
        host = (parts.hostname or "").encode("idna").decode()
        port = f":{parts.port}" if parts.port else ""
    except (ValueError, UnicodeError) as error:
        raise AddressInvalid(f"{address[:100]!r} is not the address of a page.") from error
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        raise AddressInvalid(
            f"{address[:100]!r} is not the address of a page. It begins with https:// and has no password."
        )
    host = f"[{host}]" if ":" in host else host
    query = f"?{quote(parts.query, safe=_KEPT)}" if parts.query else ""
    kept = f"{parts.scheme}://{host}{port}{quote(parts.path or '/', safe=_KEPT)}{query}"
    if len(kept) > LONGEST:
        raise AddressInvalid(f"{address[:100]!r}… is longer than {LONGEST} characters.")
    return kept


def _name(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.hostname}{parts.path}"[:255]
