"""The model connection of the demo's tenants: the model of NEXOD_LLM_BASE_URL, else the local one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nexod.embedded.demo.api import Api, ApiRefused
from nexod.embedded.local_model import ALIAS

SLUG, NAME = "demo", "Demo model"
TIMEOUT_S = 600  # a model on a laptop's processor takes its time


def connection_fields(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what the API is to store. Raises ApiRefused when there is no model."""
    url, model = environ.get("NEXOD_LLM_BASE_URL"), environ.get("NEXOD_LLM_MODEL", "")
    if not url:
        raise ApiRefused(
            "There is no model to work with: none can run here, and NEXOD_LLM_BASE_URL names none elsewhere."
        )
    return {
        "provider": "embedded" if model == ALIAS else "openai_compatible",
        "base_url": url,
        "api_key": environ.get("NEXOD_LLM_API_KEY", ""),
        "model_names": [model],
        "timeout_s": TIMEOUT_S,
    }


def connect_model(api: Api, fields: dict[str, Any]) -> None:
    """Make the tenant's connection as the fields say; the first connection of a tenant is its default."""
    for row in api.pages("/model-connections", slug=SLUG):
        api.patch(f"/model-connections/{row['id']}", fields)
        return
    api.post("/model-connections", fields | {"slug": SLUG, "name": NAME})
