"""Connect models: where they are reached and with which key. A key is written, never read back."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from agents.actions.rows import InUse, free_slug, invalid, saved
from agents.knowledge.embedding import MARK
from agents.llm.connections import OWN, address_of
from agents.llm.providers import Provider, provider
from agents.models import KnowledgeBase, ModelConnection, VectorSpace
from nexod.kernel.secrets import encrypt
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.context import current_tenant

if TYPE_CHECKING:
    from agents.llm.trial import Trial

FORMER_KEY_S = 24 * 3600
PLAIN = re.compile(r"[\w.-]{1,120}\Z", re.ASCII)


@transaction.atomic
def create_connection(*, actor: User, name: str, slug: str = "", api_key: str = "", **fields: Any) -> ModelConnection:
    """Return a new connection; the first of a tenant is its default.

    Raises PermissionDenied, or what names the fields that are not valid.
    """
    require_permission(actor, "agents.add_modelconnection")
    fields.pop("forget_former_key", None)  # There is none.
    fields.setdefault("is_default", not ModelConnection.objects.filter(is_default=True).exists())
    slug = slug or free_slug(ModelConnection, name)
    return _saved(ModelConnection(), {**fields, "name": name, "slug": slug}, api_key)


@transaction.atomic
def update_connection(
    *,
    actor: User,
    connection: ModelConnection,
    api_key: str | None = None,
    forget_former_key: bool = False,
    **fields: Any,
) -> ModelConnection:
    """Change what is given; ``api_key`` None keeps the key, empty removes it.

    A new key is used at once; the one before it is tried where the new one is refused, for FORMER_KEY_S or until somebody
    has it forgotten. Stored keys go to their own address only: who changes the address must give the key again.
    """
    require_permission(actor, "agents.change_modelconnection")
    moved = _leads_to(connection, fields) != _leads_to(connection, {})
    if moved and connection.has_key and api_key is None:
        raise invalid("api_key", "The address changes: give the key for the new one, or an empty key.")
    if forget_former_key or moved or api_key == "":
        connection.encrypted_former_key, connection.former_key_until = "", None
    elif api_key and connection.has_key:
        connection.encrypted_former_key = connection.encrypted_key
        connection.former_key_until = timezone.now() + timedelta(seconds=FORMER_KEY_S)
    return _saved(connection, fields, api_key)


def try_connection(*, actor: User, connection: ModelConnection) -> Trial:
    """Return what a look at the connection finds: whether it answers, how quickly, which models it has. Costs nothing."""
    require_permission(actor, "agents.change_modelconnection")
    # Late: it brings an HTTP client.
    from agents.llm.trial import tried

    return tried(connection)


def delete_connection(*, actor: User, connection: ModelConnection) -> None:
    """Delete it; raise InUse while agents or knowledge bases use it."""
    require_permission(actor, "agents.delete_modelconnection")
    if embedded := sorted(set(embedded_by(connection).values_list("name", flat=True))):
        message = (
            f"Knowledge bases are embedded by this connection: {', '.join(embedded)}. Give them other vectors first."
        )
        raise InUse(message, details={"knowledge_bases": embedded})
    if names := list(connection.agents.values_list("name", flat=True)):
        raise InUse(f"Agents use this connection: {', '.join(names)}.", details={"agents": names})
    connection.delete()


def embedded_by(connection: ModelConnection) -> QuerySet[KnowledgeBase]:
    """Return the knowledge bases whose model, or the one that is to take over, is reached by the connection."""
    prefix = f"{connection.slug}{MARK}"
    next_one = Q(spaces__model__startswith=prefix, spaces__state__in=VectorSpace.WRITTEN)
    return KnowledgeBase.objects.filter(Q(embedding_model__startswith=prefix) | next_one)


def _saved(connection: ModelConnection, fields: dict[str, Any], api_key: str | None) -> ModelConnection:
    if urlsplit(fields.get("base_url", "")).scheme not in ("", "http", "https"):
        raise invalid("base_url", "The address begins with http:// or https://.")
    kind = provider(fields.get("provider", connection.provider))
    _check_options(kind, fields.get("options", connection.options))
    if not (kind.address or kind.name in OWN or fields.get("base_url", connection.base_url)):
        raise invalid("base_url", f"{kind.title} has no address of its own: give the one of your server.")
    if api_key is not None:
        schema = current_tenant().schema_name
        connection.encrypted_key = encrypt(api_key, bound_to=schema) if api_key else ""
    if fields.get("is_default"):
        ModelConnection.objects.filter(is_default=True).exclude(pk=connection.pk).update(is_default=False)
    return saved(connection, fields)


def _check_options(kind: Provider, options: Any) -> None:
    """Refuse what the provider does not take. Settings may become part of the address, so they are plain words."""
    if not isinstance(options, dict):
        raise invalid("options", "This is not an object.")
    plain = {setting.name for setting in kind.settings}
    if unknown := sorted(options.keys() - plain - kind.knobs.keys()):
        takes = ", ".join(sorted(plain | kind.knobs.keys())) or "none"
        raise invalid("options", f"{kind.title} takes no {', '.join(map(repr, unknown))}. It takes: {takes}.")
    for name, value in options.items():
        if not isinstance(value, str | int | float) or (name in plain and not PLAIN.match(str(value))):
            raise invalid("options", f"{name}: this is neither a number nor a plain word.")


def _leads_to(connection: ModelConnection, fields: dict[str, Any]) -> tuple[str, str]:
    """Return scheme and host where the connection leads, with ``fields`` changed."""
    told = {name: fields.get(name, getattr(connection, name)) for name in ("provider", "base_url", "options")}
    options = told["options"] if isinstance(told["options"], dict) else {}
    parts = urlsplit(address_of(told["provider"], told["base_url"], options))
    return parts.scheme, parts.netloc
