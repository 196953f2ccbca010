"""Access tokens of OAuth 2 clients (RFC 6749, 4.4): got with the client's secret, kept encrypted until they are nearly over."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import quote_plus, urlencode

from agents.credentials.errors import AccessFailed
from agents.credentials.kinds import basic
from agents.credentials.sealing import opened, sealed
from agents.models import Credential
from nexod.kernel.errors import NexodError, StopsRun
from nexod.kernel.run_port import NotPerformed, Unusable
from nexod.kernel.secrets import SecretUnreadable
from tenants.context import release_connections

EARLY_S, USUAL_S, LONGEST_S = 60, 300, 24 * 3600
"""A token is renewed that long before it ends; it lives so long where nothing is said, and never longer."""


def access_tokens(credential: Credential, secrets: Sequence[str]) -> Iterator[str]:
    """Yield the token that is kept, then, where that one is refused, a new one. Raises NotPerformed with AccessFailed."""
    if kept := _kept(credential):
        yield kept
    yield _renewed(credential, secrets)


def _kept(credential: Credential) -> str:
    if not credential.encrypted_access:
        return ""
    try:
        found = json.loads(opened(credential, credential.encrypted_access))
    except SecretUnreadable:
        return ""
    return str(found["token"]) if found["until"] > time.time() + EARLY_S else ""


def _renewed(credential: Credential, secrets: Sequence[str]) -> str:
    from nexod.kernel.outgoing.request import is_unauthorized

    refusal: NexodError | None = None
    for secret in secrets:
        try:
            return _got(credential, secret)
        except StopsRun:
            raise
        except (NotPerformed, Unusable) as told:
            refusal = told.reason
        except NexodError as error:
            refusal = error
        if not is_unauthorized(refusal):
            break
    why = refusal.message if refusal else "No client secret is stored."
    raise NotPerformed(AccessFailed(f"{credential.name}: no token was given. {why}")) from refusal


def _got(credential: Credential, secret: str) -> str:
    from nexod.kernel.outgoing.request import prepared, send

    settings = credential.settings
    form = {"grant_type": "client_credentials"} | {
        name: settings[name] for name in ("scope", "audience") if settings.get(name)
    }
    body = ("application/x-www-form-urlencoded", urlencode(form))
    request = prepared("POST", settings["token_url"], query={}, headers={"Accept": "application/json"}, body=body)
    # Both are encoded before they are joined: RFC 6749, 2.3.1.
    carried = basic({"username": quote_plus(settings["client_id"])}, quote_plus(secret))
    carried = replace(carried, texts=(*carried.texts, secret))
    answer = send(request, {"response": "json", "max_bytes": 100_000}, "", carrying=[carried])["json"]
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not (token and token.isascii() and token.isprintable()):
        raise AccessFailed("Its answer has no access_token.")
    _keep(credential, token, answer.get("expires_in"))
    return token


def _keep(credential: Credential, token: str, seconds: object) -> None:
    lives_s = min(seconds, LONGEST_S) if isinstance(seconds, int | float) and seconds > 0 else USUAL_S
    access = sealed(credential, json.dumps({"token": token, "until": time.time() + lives_s}))
    # Not where it was changed meanwhile: what the former secret or settings gave would outlive them.
    now = {name: getattr(credential, name) for name in ("encrypted_value", "encrypted_former_value", "settings")}
    Credential.objects.filter(pk=credential.pk, **now).update(encrypted_access=access)
    release_connections()
