"""Cursors survive a round trip, and nothing else is a cursor."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from nexod.http.pagination import Cursor, NewestFirst
from nexod.kernel import scope
from nexod.kernel.errors import InvalidInput
from nexod.kernel.signing import sign
from tenants.accounts.models import ApiKey, User

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
PK = "01940000-0000-7000-8000-000000000001"


def encoded(text: str) -> str:
    return sign(base64.urlsafe_b64encode(text.encode()).decode(), purpose="cursor of accounts.user")


def test_a_cursor_survives_a_round_trip() -> None:
    cursor = Cursor(NOW, PK, back=True)
    assert Cursor.decode(cursor.encode(User), User) == cursor


def test_a_cursor_of_another_tenant_or_list_is_refused() -> None:
    with scope.bound(scope.tenant, "t_acme"):
        text = Cursor(NOW, PK).encode(User)
        assert Cursor.decode(text, User).pk == PK
        with pytest.raises(InvalidInput, match="cursor"):
            Cursor.decode(text, ApiKey)
    for elsewhere in ("t_globex", ""):
        with scope.bound(scope.tenant, elsewhere), pytest.raises(InvalidInput, match="cursor"):
            Cursor.decode(text, User)


def test_a_cursor_that_nobody_signed_is_refused() -> None:
    text = json.dumps([NOW.isoformat(), PK, 0])
    with pytest.raises(InvalidInput, match="cursor"):
        Cursor.decode(base64.urlsafe_b64encode(text.encode()).decode(), User)


@pytest.mark.parametrize(
    "text",
    ["", "x", "%%%", "ü", encoded("{}"), encoded('["2026-01-01T00:00:00", "x", 0]'), encoded(f'["now", "{PK}", 0]'),
     encoded('["2026-01-01T00:00:00+00:00", "1 OR 1=1", 0]'), encoded("[" * 100_000)],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        Cursor.decode(text, User)


@pytest.mark.parametrize(("given", "limit"), [("", 50), ("?limit=7", 7), ("?limit=200", 200), ("?limit=999999", 200)])
def test_a_page_is_bounded(given: str, limit: int) -> None:
    assert NewestFirst()._limit(Request(APIRequestFactory().get(f"/{given}"))) == limit


@pytest.mark.parametrize("given", ["0", "-1", "ten", "1.5", "٣", "9" * 5000])
def test_an_odd_limit_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput, match="limit"):
        NewestFirst()._limit(Request(APIRequestFactory().get("/", {"limit": given})))
