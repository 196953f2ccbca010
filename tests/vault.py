"""Credentials of tests, a service that says all that it was told, and a search for a secret in everything that is stored."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.db import connections

from tenants.context import enter_schema_as_owner
from tenants.schema import OWNER
from tests.loopback import LoopbackHandler, LoopbackServer
from tests.workbench import Bench

Json = dict[str, Any]
SECRET = "kestrel-\"42/%+&'-nightjar"
"""It is written otherwise in JSON, in URLs and in HTML."""


class Echo:
    """``with Echo() as echo``: it answers what it was sent, in JSON, in headers and in its reason."""

    def __init__(self) -> None:
        self._http = _Server(_Handler)
        self.host = self._http.host

    def __enter__(self) -> Echo:
        self._http.begin()
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.end()

    def url(self, path: str = "/") -> str:
        return f"http://{self.host}{path}"

    @property
    def seen(self) -> list[tuple[str, dict[str, str], str]]:
        """Path, headers and body of every request."""
        return list(self._http.seen)

    def refuse(self, *texts: str) -> None:
        """Answer 401 to every request whose path or headers hold one of the texts."""
        self._http.refused = set(texts)


class _Server(LoopbackServer):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.seen: list[tuple[str, dict[str, str], str]] = []
        self.refused: set[str] = set()


class _Handler(LoopbackHandler):
    server: _Server

    def _any(self) -> None:
        body, headers = self.content().decode(), self.heard()
        self.server.seen.append((self.path, headers, body))
        heard = {"path": self.path, "headers": headers, "query": parse_qs(urlsplit(self.path).query), "body": body}
        text = f"{self.path} {json.dumps(headers)}"
        status = 401 if any(one in text for one in self.server.refused) else _STATUS.get(urlsplit(self.path).path, 200)
        if self.path.startswith("/token"):
            heard = {"access_token": f"access-{len(self.server.seen):04d}-bittern", "expires_in": 3600}
        answer = json.dumps(heard).encode()
        said = headers.get("authorization", "") or self.path
        told = {
            "Content-Type": "text/plain" if "/text" in self.path else "application/json",
            "Location": f"/elsewhere?said={said}",
            "X-Request-Id": said * 60,
        }
        self.reply(status, answer, told, f"You said {said}")

    do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815  as http.server calls them


_STATUS = {"/fails": 500, "/refuses": 422, "/moves": 302, "/busy": 429}


@contextmanager
def echoing(settings: Any) -> Iterator[Echo]:
    """Serve inside the block, at an address that may be called."""
    with Echo() as echo:
        settings.NEXOD_EGRESS_ALLOW = [*settings.NEXOD_EGRESS_ALLOW, echo.host]
        yield echo


def keep(
    bench: Bench, *hosts: str, slug: str = "crm", secret: str = SECRET, tenant: str = "acme", **fields: Any
) -> Any:
    """Return a credential of the tenant, for those hosts by plain HTTP."""
    from agents.actions.credentials import create_credential

    with bench.inside(tenant):
        actor = bench.user("admin", tenant)
        allowed = [f"http://{host}" for host in hosts]
        return create_credential(actor=actor, name=slug.upper(), slug=slug, hosts=allowed, secret=secret, **fields)


def forms_of(secret: str) -> list[str]:
    """Return how a secret may be written where somebody stored it."""
    shown = json.dumps(secret)[1:-1]
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return [
        secret,
        shown,
        json.dumps(shown)[1:-1],
        encoded,
        *(text.encode().hex() for text in (secret, shown, encoded)),
    ]


def places_of(bench: Bench, *secrets: str) -> list[str]:
    """Return the tables, of either organisation and of the platform, in which one of the secrets stands in whichever form."""
    schemas = ["public", *(bench.tenant(slug).schema_name for slug in ("acme", "globex"))]
    found = []
    with enter_schema_as_owner(schemas[1]), connections[OWNER].cursor() as cursor:
        cursor.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s) ORDER BY 1, 2", [schemas]
        )
        for schema, table in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{schema}"."{table}" t')
            if any(_holds(row, form) for (row,) in cursor.fetchall() for one in secrets for form in forms_of(one)):
                found.append(f"{schema}.{table}")
    return found


def _holds(row: str, form: str) -> bool:
    """Say whether the text of a row, in which quotes and backslashes are doubled, holds it."""
    return form in row or form in row.replace('""', '"').replace("\\\\", "\\")
