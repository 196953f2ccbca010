"""What a request carries is hidden in whatever comes back, however it is written there; what is none of it stays."""

from __future__ import annotations

import base64
import html
import json
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nexod.kernel.outgoing.carried import HIDDEN, NOTHING, SHORTEST, Carried

PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=SHORTEST, max_size=60)
JSON = st.recursive(
    st.text(max_size=20) | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
WAYS = {
    "as it is": lambda text: text,
    "JSON": json.dumps,
    "URL": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "HTML": html.escape,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
}


@pytest.mark.parametrize("way", WAYS)
@given(secret=PRINTABLE)
def test_however_it_is_written_it_is_hidden(way: str, secret: str) -> None:
    written = WAYS[way](secret)
    shown = Carried(texts=(secret,)).hidden_in(f"before {written} after")
    core = written.strip('"').rstrip("=")
    assert core not in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")


@given(secret=PRINTABLE, value=JSON)
def test_it_is_hidden_at_any_depth_and_the_rest_stays(secret: str, value: Any) -> None:
    assume(secret.casefold() not in json.dumps(value).casefold())
    carried = Carried(texts=(secret,))
    assert secret not in json.dumps(carried.hidden_in({"a": [value, {"b": f"x{secret}y", secret: 1}]}))
    hidden = carried.hidden_in({"kept": value})
    assert hidden == {"kept": value} or HIDDEN in json.dumps(hidden)


def test_a_number_is_hidden_too() -> None:
    assert Carried(texts=("1234567890",)).hidden_in({"key": 1234567890, "n": 12}) == {"key": HIDDEN, "n": 12}


def test_nothing_carried_hides_nothing() -> None:
    assert NOTHING.hidden_in({"a": ["b"]}) == {"a": ["b"]}


def test_the_given_request_stays_as_it_was_and_what_is_carried_takes_the_place_of_the_same() -> None:
    request = httpx.Request(
        "POST", "https://a.test/x?a=1", headers={"Authorization": "own", "X-Of": "us"}, content=b"{}"
    )
    sent = Carried({"authorization": "Bearer s"}, {"key": "s&t"}).put_into(request)
    assert (request.headers["authorization"], str(request.url)) == ("own", "https://a.test/x?a=1")
    assert sent.headers.get_list("authorization") == ["Bearer s"]
    assert (str(sent.url), sent.content, sent.headers["x-of"]) == ("https://a.test/x?a=1&key=s%26t", b"{}", "us")
    assert sent.headers.get_list("content-length") == ["2"]


def test_what_shows_it_shows_no_secret() -> None:
    assert "s3cret" not in repr(Carried({"Authorization": "Bearer s3cret-s3cret"}, {"k": "s3cret"}, ("s3cret-s3cret",)))
