"""What a case must not hold is taken out of it; what only looks a little like it stays."""

from __future__ import annotations

import pytest

from workflows.evals.asked import difference, kept, of_model
from workflows.evals.secrecy import Censor


@pytest.mark.parametrize(
    "value",
    [
        {"api_key": "zzzz"}, {"headers": {"Authorization": "zzzz"}}, {"set-cookie": "zzzz"}, {"access_token": "zzzz"},
        "Bearer zzzz1234567890", ["sk-zzzzzzzzzzzz"], "postgres://me:zzzz@host/db", {"a": [{"password": "zzzz"}]},
    ],
)  # fmt: skip
def test_secrets_are_taken_out(value: object) -> None:
    assert "zzzz" not in str(Censor().clean(value))


@pytest.mark.parametrize(
    "value",
    [
        "a basic understanding",
        "Password: see the handbook",
        {"tokens": 5, "author": "Ann"},
        "token economy",
        {"secretary": "Bea"},
    ],
)
def test_what_a_model_says_of_passwords_stays(value: object) -> None:
    assert Censor().clean(value) == value


def test_a_known_secret_is_taken_out_wherever_it_stands() -> None:
    assert Censor(["plain-looking"]).clean({"a": "xx plain-looking yy"}) == {"a": "xx [hidden] yy"}


def test_what_people_read_of_a_request_is_cleaned_more() -> None:
    assert "see" not in str(kept("Password: see"))


def test_long_requests_lose_their_middle_and_huge_ones_are_not_kept() -> None:
    short = kept({"a": "x" * 100_000})
    assert "(100,000 characters)" in short["a"]
    assert kept([{"a": "x" * 30_000}] * 10) is None


def test_a_difference_is_readable_and_bounded() -> None:
    before = of_model("m", {"messages": [{"role": "user", "content": "one\ntwo"}], "tools": []})
    now = of_model("m", {"messages": [{"role": "user", "content": "one\nthree"}], "tools": []})
    assert difference(before, now).splitlines()[-2:] == ["-two", "+three"]
    assert difference(before, before) == ""
    assert len(difference("\n".join(map(str, range(9_999))), "")) <= 12_000
