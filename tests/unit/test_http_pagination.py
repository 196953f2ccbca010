"""Cursors survive a round trip, and nothing else is a cursor."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from nexod.http.pagination import Cursor, NewestFirst
from nexod.kernel.errors import InvalidInput
from tenants.accounts.models import User

PK = "01940000-0000-7000-8000-000000000001"


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def test_a_cursor_survives_a_round_trip() -> None:
    cursor = Cursor(datetime(2026, 1, 2, 3, 4, 5, 678901, UTC), PK, back=True)
    assert Cursor.decode(cursor.encode(), User) == cursor


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
