"""From a tenant's model connections to endpoints; a connection without an address is the platform's own model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from agents.llm.endpoint import Endpoint, Limits
from agents.llm.errors import ModelNotConnected
from agents.llm.providers import provider
from agents.models import ModelConnection
from nexod.kernel.secrets import decrypt
from tenants.context import current_tenant

OWN = frozenset({"embedded", "openai_compatible"})
"""Providers whose connections lead to the platform's own model where they have no address."""
_MILLIONS = re.compile(r"\b\d+m\b", re.IGNORECASE)
"""How names of models say that they have less than a billion parameters: ``smollm2-135m-instruct``."""


def endpoint_for(slug: str = "", model: str = "") -> Endpoint:
    """Return where to reach ``model`` (empty: the first) of the connection ``slug`` (empty: the tenant's default).

    Raises ModelNotConnected, and SecretUnreadable for a key that cannot be decrypted any more.
    """
    rows = ModelConnection.objects.filter(slug=slug) if slug else ModelConnection.objects.filter(is_default=True)
    connection = rows.first()
    if connection is None:
        which = f"no model connection {slug!r}" if slug else "no default model connection"
        raise ModelNotConnected(f"There is {which} here. Create one, or choose another.", details={"connection": slug})
    return endpoint_of(connection, model)


def endpoint_of(connection: ModelConnection, model: str = "") -> Endpoint:
    """Return where to reach ``model`` (empty: the first) of ``connection``, a row of the present tenant."""
    own = is_own(connection.provider, connection.base_url)
    model = model or next(iter(connection.model_names), "") or (settings.NEXOD_LLM["model"] if own else "")
    base_url = address_of(connection.provider, connection.base_url, connection.options)
    if not (base_url and model):
        raise ModelNotConnected(f"{connection.name} names no model, or the platform has none of its own.")
    key, former = (settings.NEXOD_LLM["api_key"], "") if own else keys_of(connection)
    return Endpoint(
        base_url=base_url,
        api_key=key,
        former_key=former,
        model=model,
        timeout_s=float(connection.timeout_s),
        price_in=float(connection.price_in_usd),
        price_out=float(connection.price_out_usd),
        label=connection.name,
        provider=connection.provider,
        connection=connection.slug,
        options=connection.options,
        limits=Limits(connection.max_concurrent, connection.requests_per_minute, connection.tokens_per_minute),
        cache_s=connection.cache_s,
        small=connection.provider == ModelConnection.Provider.EMBEDDED and bool(_MILLIONS.search(model)),
    )


def address_of(name: str, base_url: str, options: Mapping[str, Any]) -> str:
    """Return where a connection leads: its own address, else the provider's, else the platform's own model."""
    if is_own(name, base_url):
        return str(settings.NEXOD_LLM["base_url"])
    kind = provider(name)
    defaults = {setting.name: setting.default for setting in kind.settings}
    given = {setting: value for setting, value in options.items() if value}
    return (base_url or kind.address.format_map({**defaults, **given})).rstrip("/")


def is_own(name: str, base_url: str) -> bool:
    """Say whether a connection leads to the platform's own model. The platform's key goes to the platform's address only."""
    return not base_url and name in OWN


def keys_of(connection: ModelConnection) -> tuple[str, str]:
    """Return the key and the one before it, as long as that counts; raise SecretUnreadable."""
    schema = current_tenant().schema_name
    sealed = (connection.encrypted_key, connection.encrypted_former_key if connection.has_former_key else "")
    key, former = (decrypt(token, bound_to=schema) if token else "" for token in sealed)
    return key, former
