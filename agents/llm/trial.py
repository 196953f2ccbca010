"""A look at a connection: is it there, does it take the key, which models has it, how quick is it. Costs nothing.

Plain HTTP over the platform's egress, so that the web process can do it without any provider's package.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import httpx

from agents.llm import errors
from agents.llm.client import egress
from agents.llm.connections import endpoint_of
from agents.llm.endpoint import Endpoint
from agents.llm.failures import GARBAGE, explained
from agents.llm.providers import provider
from agents.llm.providers.base import Listing
from agents.llm.refusals import ProviderRefused
from agents.llm.waiting import deadline
from agents.models import ModelConnection
from nexod.kernel.errors import NexodError
from nexod.kernel.secrets import SecretUnreadable
from tenants.context import release_connections

PATIENCE_S = 10.0
MODELS_SHOWN = 200
UNLISTED = frozenset({404, 405, 501})
NAMELESS = "unnamed"


@dataclass(frozen=True, slots=True)
class Trial:
    """What was found. ``problem`` says what is wrong and what to do; empty when nothing is."""

    ok: bool
    latency_ms: float
    models: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """Models that the connection names and the provider does not list."""
    code: str = ""
    problem: str = ""
    former_key_used: bool = False


def tried(connection: ModelConnection) -> Trial:
    """Look at the connection, a row of the present tenant."""
    try:
        endpoint = endpoint_of(connection, next(iter(connection.model_names), NAMELESS))
    except errors.ModelNotConnected as error:
        return Trial(False, 0.0, code=error.code, problem=str(error.message))
    except SecretUnreadable as error:
        told = (
            "The stored key cannot be read here any more: it was written elsewhere, or its key is gone. Give it again."
        )
        return Trial(False, 0.0, code=error.code, problem=told)
    # Nobody waits for the network while holding a connection of the pool.
    release_connections()
    trial = _tried(endpoint, connection.model_names)
    if trial.code == errors.ModelRefused.code and endpoint.former_key:
        former = _tried(replace(endpoint, api_key=endpoint.former_key, former_key=""), connection.model_names)
        if former.ok:
            told = f"{trial.problem} The former key is taken still, and is used until it is removed or runs out."
            return Trial(False, former.latency_ms, former.models, former.missing, trial.code, told, True)
    return trial


def _tried(endpoint: Endpoint, named: list[str]) -> Trial:
    kind = provider(endpoint.provider)
    if kind.needs_key and not endpoint.api_key:
        return Trial(False, 0.0, code="key_missing", problem=f"{kind.title} wants a key. Give the connection one.")
    began = time.monotonic()
    try:
        models = _listed(kind.listing(endpoint))
    except (NexodError, ProviderRefused, httpx.HTTPError, *GARBAGE) as error:
        latency = _ms(began)
        if isinstance(error, ProviderRefused) and error.status in UNLISTED:
            told = "It answers, but lists no models there: check the address, or run an agent to see whether it works."
            return Trial(False, latency, code="no_list", problem=told)
        reason = explained(error, endpoint, began=False)
        return Trial(False, latency, code=reason.code, problem=str(reason.message))
    latency = _ms(began)
    missing = tuple(name for name in named if name not in models)
    if missing and endpoint.provider != "azure":  # Azure lists models; a connection names deployments of them.
        told = f"The provider does not list {', '.join(missing)}. Choose among its models, or check how it calls them."
        return Trial(False, latency, models[:MODELS_SHOWN], missing, "model_unknown", told)
    return Trial(True, latency, models[:MODELS_SHOWN])


def _listed(listing: Listing) -> tuple[str, ...]:
    with deadline(PATIENCE_S):
        found: Any = egress().get(listing.url, headers=dict(listing.headers)).json()
    rows = found[listing.rows]
    return tuple(sorted(str(row[listing.name]).removeprefix("models/") for row in rows))


def _ms(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 1)
