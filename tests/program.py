"""Programs that come in with an API key: the fixture ``program``, for the conftest of whoever tests the API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.http.response import HttpResponseBase
from django.test import Client

from tests import cast

JSON = "application/json"
EVERY_SCOPE = ("read", "write", "run", "approve")


class Program:
    """A client of the REST API with a key; paths are relative to /api/v1/, bodies are JSON."""

    def __init__(self, slug: str, key: str = "") -> None:
        headers = {"host": f"{slug}.test", **({"authorization": f"Bearer {key}"} if key else {})}
        self.client = Client(headers=headers)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponseBase:
        """Ask and return the answer; ``headers`` with underscores for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {} if method == "get" else {"data": b"" if body is None else body, "content_type": JSON}
        address = path if path.startswith("/") else f"/api/v1/{path}"
        return getattr(self.client, method)(address, headers=named, **sent)

    def get(self, path: str, **headers: str) -> Any:
        """Return the JSON of a successful GET."""
        response = self("get", path, **headers)
        assert response.status_code == 200, response.content
        return response.json()


@pytest.fixture
def program(db: None) -> Callable[..., Program]:
    """Return ``program(slug, role, scopes=all)``: a program with a key of that person; without a role it has none."""

    def issue(slug: str, role: str | None = None, scopes: Sequence[str] = EVERY_SCOPE) -> Program:
        if role is None:
            return Program(slug)
        from tenants.accounts.actions.api_keys import issue_api_key
        from tenants.accounts.models import User
        from tenants.context import enter_platform, enter_tenant
        from tenants.models import Tenant

        with enter_platform():
            tenant = Tenant.objects.select_related("plan").get(slug=slug)
        with enter_tenant(tenant):
            user = User.objects.get(email=cast.email(slug, role))
            _, key = issue_api_key(actor=user, user=user, name="test", scopes=scopes)
        return Program(slug, key)

    return issue
