"""Connect models: where they are reached and with which key. A key is written, never read back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.db import transaction

from agents.actions.rows import InUse, free_slug, invalid, saved
from agents.models import ModelConnection
from nexod.kernel.secrets import encrypt
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.context import current_tenant


@transaction.atomic
def create_connection(*, actor: User, name: str, slug: str = "", api_key: str = "", **fields: Any) -> ModelConnection:
    """Return a new connection; the first of a tenant is its default.

    Raises PermissionDenied, or what names the fields that are not valid.
    """
    require_permission(actor, "agents.add_modelconnection")
    fields.setdefault("is_default", not ModelConnection.objects.filter(is_default=True).exists())
    slug = slug or free_slug(ModelConnection, name)
    return _saved(ModelConnection(), {**fields, "name": name, "slug": slug}, api_key)


@transaction.atomic
def update_connection(
    *, actor: User, connection: ModelConnection, api_key: str | None = None, **fields: Any
) -> ModelConnection:
    """Change what is given; ``api_key`` None keeps the key, empty removes it.

    A stored key goes to its own address only: who changes the address must give the key again.
    """
    require_permission(actor, "agents.change_modelconnection")
    moved = _origin(fields.get("base_url", connection.base_url)) != _origin(connection.base_url)
    if moved and connection.has_key and api_key is None:
        raise invalid("api_key", "The address changes: give the key for the new one, or an empty key.")
    return _saved(connection, fields, api_key)


def delete_connection(*, actor: User, connection: ModelConnection) -> None:
    """Delete it; raise InUse while agents use it."""
    require_permission(actor, "agents.delete_modelconnection")
    if names := list(connection.agents.values_list("name", flat=True)):
        raise InUse(f"Agents use this connection: {', '.join(names)}.", details={"agents": names})
    connection.delete()


def _saved(connection: ModelConnection, fields: dict[str, Any], api_key: str | None) -> ModelConnection:
    if urlsplit(fields.get("base_url", "")).scheme not in ("", "http", "https"):
        raise invalid("base_url", "The address begins with http:// or https://.")
    if api_key is not None:
        schema = current_tenant().schema_name
        connection.encrypted_key = encrypt(api_key, bound_to=schema) if api_key else ""
    if fields.get("is_default"):
        ModelConnection.objects.filter(is_default=True).exclude(pk=connection.pk).update(is_default=False)
    return saved(connection, fields)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
