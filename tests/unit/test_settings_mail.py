"""The address of the mail server says how to speak to it; what is no such address stops the start."""

from __future__ import annotations

import pytest

from nexod.settings.mail import mail


@pytest.mark.parametrize(
    ("url", "port", "ssl", "tls"),
    [
        ("smtps://mail.example", 465, True, False),
        ("smtp+tls://mail.example", 587, False, True),
        ("smtp://mail.example:2525", 2525, False, False),
    ],
)
def test_the_scheme_says_how_the_line_is_sealed(url: str, port: int, ssl: bool, tls: bool) -> None:
    found = mail(url)
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("mail.example", port)
    assert (found["EMAIL_USE_SSL"], found["EMAIL_USE_TLS"]) == (ssl, tls)


def test_odd_characters_of_a_password_are_written_with_percents() -> None:
    found = mail("smtps://me%40here:p%2Fw@mail.example")
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("me@here", "p/w")


@pytest.mark.parametrize("url", ["http://mail.example", "mail.example", "smtp://"])
def test_anything_else_stops_the_start_without_showing_it(url: str) -> None:
    with pytest.raises(SystemExit, match="NEXOD_EMAIL_URL") as stopped:
        mail(url)
    assert "mail.example" not in str(stopped.value)


def test_none_is_the_frameworks_own() -> None:
    assert mail("") == {}
