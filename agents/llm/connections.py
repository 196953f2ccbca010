"""From a tenant's model connections to endpoints; a connection without an address is the platform's own model."""

from __future__ import annotations

import re

from django.conf import settings

from agents.llm.endpoint import Endpoint
from agents.llm.errors import ModelNotConnected
from agents.models import ModelConnection
from nexod.kernel.secrets import decrypt
from tenants.context import current_tenant

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
    base_url, api_key, first = _address(connection)
    model = model or first
    if not (base_url and model):
        raise ModelNotConnected(f"{connection.name} names no model, or the platform has none of its own.")
    return Endpoint(
        base_url=base_url,
        api_key=api_key,
        model=model,
        timeout_s=float(connection.timeout_s),
        price_in=float(connection.price_in_usd),
        price_out=float(connection.price_out_usd),
        label=connection.name,
        small=connection.provider == ModelConnection.Provider.EMBEDDED and bool(_MILLIONS.search(model)),
    )


def _address(connection: ModelConnection) -> tuple[str, str, str]:
    """Return address, key and first model. The platform's key goes to the platform's address only."""
    named = next(iter(connection.model_names), "")
    if not connection.base_url:
        own = settings.NEXOD_LLM
        return own["base_url"], own["api_key"], named or own["model"]
    sealed = connection.encrypted_key
    key = decrypt(sealed, bound_to=current_tenant().schema_name) if sealed else ""
    return connection.base_url, key, named
