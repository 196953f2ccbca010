"""The kinds of credentials: what each needs beside its secret, and how a request carries it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nexod.kernel.json_schemas import complaints
from nexod.kernel.outgoing.carried import SHORTEST, Carried
from nexod.kernel.outgoing.headers import is_own

Json = dict[str, Any]
LONGEST = 8_000
_NAME = "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$"
_TEXT: Json = {"type": "string", "maxLength": 500}
_ADDRESS = r"^https?://[^\s/?#@]+(/[^\s?#]*)?$"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind; ``carry`` makes of its settings and the secret what a request carries."""

    secret: str
    """What people call the secret."""
    settings: Mapping[str, Any]
    required: tuple[str, ...]
    carry: Callable[[Json, str], Carried]

    @property
    def schema(self) -> Json:
        """Return the JSON Schema of the settings."""
        return {
            "type": "object",
            "properties": dict(self.settings),
            "required": list(self.required),
            "additionalProperties": False,
        }


def bearer(settings: Json, secret: str) -> Carried:
    """Return what carries a token as RFC 6750 has it; an OAuth 2 client's access token too."""
    return Carried({"Authorization": f"Bearer {secret}"}, texts=(secret,))


def basic(settings: Json, secret: str) -> Carried:
    """Return what carries a name and a password as RFC 7617 has it."""
    pair = f"{settings['username']}:{secret}"
    return Carried({"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}, texts=(pair, secret))


def _header(settings: Json, secret: str) -> Carried:
    return Carried({settings["header"]: f"{settings.get('prefix', '')}{secret}"}, texts=(secret,))


def _query(settings: Json, secret: str) -> Carried:
    return Carried(query={settings["parameter"]: secret}, texts=(secret,))


KINDS: dict[str, Kind] = {
    "bearer": Kind("Token", {}, (), bearer),
    "basic": Kind("Password", {"username": {**_TEXT, "title": "User name", "minLength": 1}}, ("username",), basic),
    "header": Kind(
        "Value",
        {
            "header": {**_TEXT, "title": "Header", "pattern": _NAME, "description": "Such as X-Api-Key"},
            "prefix": {**_TEXT, "title": "Written before the value", "maxLength": 60, "description": "Such as Token"},
        },
        ("header",),
        _header,
    ),
    "query": Kind(
        "Value",
        {"parameter": {**_TEXT, "title": "Parameter", "pattern": _NAME, "description": "Such as api_key"}},
        ("parameter",),
        _query,
    ),
    "oauth2": Kind(
        "Client secret",
        {
            "token_url": {
                **_TEXT,
                "title": "Address that gives tokens",
                "pattern": _ADDRESS,
                "description": "The client secret is sent there only, the token to the hosts.",
            },
            "client_id": {**_TEXT, "title": "Client id", "minLength": 1},
            "scope": {**_TEXT, "title": "Scope"},
            "audience": {**_TEXT, "title": "Audience"},
        },
        ("token_url", "client_id"),
        bearer,
    ),
}


def setting_problems(kind: str, settings: Any) -> list[Json]:
    """Return what is wrong with the settings, each with its field."""
    if not isinstance(settings, dict):
        return [{"field": "", "message": "This is not an object."}]
    missing = [name for name in KINDS[kind].required if not settings.get(name)]
    schema = {**KINDS[kind].schema, "required": []}
    found = [{"field": name, "message": "This kind needs it."} for name in missing] + complaints(settings, schema)
    texts = settings.items()
    odd = [name for name, text in texts if isinstance(text, str) and not (text.isascii() and text.isprintable())]
    if kind == "basic" and ":" in str(settings.get("username", "")):
        found.append({"field": "username", "message": "A user name has no colon."})
    if kind == "header" and is_own(str(settings.get("header", ""))):
        found.append({"field": "header", "message": "The client itself sets this header."})
    return found + [{"field": name, "message": "Only characters that a header can carry."} for name in odd]


def secret_problem(secret: str) -> str:
    """Return what is wrong with a secret, in words that do not repeat it; empty where nothing is."""
    if len(secret) < SHORTEST:
        return f"It has at least {SHORTEST} characters: a shorter one could not be taken out of what comes back."
    if len(secret) > LONGEST:
        return f"It has at most {LONGEST:,} characters."
    return "" if secret.isascii() and secret.isprintable() else "Only characters that a header can carry."
