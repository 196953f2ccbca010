"""Connect vector stores outside: where an index is reached and with which key. A key is written, never read back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.db import transaction

from agents.actions.rows import InUse, free_slug, invalid, saved
from agents.models import StoreConnection
from nexod.kernel.secrets import encrypt
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.context import current_tenant


@transaction.atomic
def create_store(*, actor: User, name: str, slug: str = "", api_key: str = "", **fields: Any) -> StoreConnection:
    """Return a new connection. Raises PermissionDenied, or what names the fields that are not valid."""
    require_permission(actor, "agents.add_storeconnection")
    return _saved(
        StoreConnection(), {**fields, "name": name, "slug": slug or free_slug(StoreConnection, name)}, api_key
    )


@transaction.atomic
def update_store(*, actor: User, store: StoreConnection, api_key: str | None = None, **fields: Any) -> StoreConnection:
    """Change what is given; ``api_key`` None keeps the key, empty removes it. A stored key goes to its own address only."""
    require_permission(actor, "agents.change_storeconnection")
    moved = _host(fields.get("address", store.address)) != _host(store.address)
    if moved and store.has_key and api_key is None:
        raise invalid("api_key", "The address changes: give the key for the new one, or an empty key.")
    return _saved(store, fields, api_key)


@transaction.atomic
def delete_store(*, actor: User, store: StoreConnection) -> None:
    """Delete it; raise InUse while knowledge bases have their vectors there."""
    require_permission(actor, "agents.delete_storeconnection")
    names = sorted(set(store.spaces.values_list("knowledge_base__name", flat=True)))
    if names:
        message = f"Knowledge bases have their vectors there: {', '.join(names)}. Move them first."
        raise InUse(message, details={"knowledge_bases": names})
    store.delete()


def _saved(store: StoreConnection, fields: dict[str, Any], api_key: str | None) -> StoreConnection:
    if api_key is not None:
        store.encrypted_key = encrypt(api_key, bound_to=current_tenant().schema_name) if api_key else ""
    return saved(store, fields)


def _host(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc
