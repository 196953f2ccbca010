"""No secret and nobody's content gets into a log line."""

from __future__ import annotations

import pytest

from nexod.observability.redaction import CONTENT, HIDDEN, TEXT_LIMIT, redact, redact_text

SECRET = "hunter2hunter2"


@pytest.mark.parametrize(
    "name",
    ["Authorization", "cookie", "Set-Cookie", "api_key", "x-api-key", "password", "new_password", "client_secret",
     "access_token", "token", "csrfmiddlewaretoken", "sessionid", "private_key", "DATABASE_URL", "sentry_dsn"],
)  # fmt: skip
def test_values_of_secret_names_are_hidden(name: str) -> None:
    assert redact({"outer": [{name: SECRET}]}) == {"outer": [{name: HIDDEN}]}


@pytest.mark.parametrize("name", ["tokens_in", "tokens_out", "status", "route", "key_count", "run", "user"])
def test_measures_and_ids_stay(name: str) -> None:
    assert redact({name: 7}) == {name: 7}


@pytest.mark.parametrize("name", ["prompt", "messages", "body", "inputs", "outputs"])
def test_content_is_named_and_not_shown(name: str) -> None:
    assert redact({name: "Dear customer"}) == {name: CONTENT}


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {SECRET}",
        f"Basic {SECRET}",
        f"password={SECRET}&next=/",
        f'{{"api_key": "{SECRET}"}}',
        f"postgres://nexod_app:{SECRET}@db:5432/nexod",
        f"refused nxd_{SECRET}",
        f"sk-{SECRET} is not valid",
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----",
        f"https://example.com/hook?token={SECRET}",
    ],
)
def test_secrets_inside_texts_are_hidden(text: str) -> None:
    assert SECRET not in redact_text(text)


def test_ordinary_texts_are_untouched() -> None:
    text = "Run 0199-aa failed in 12 ms: the token count of node draft is 40; see https://docs.example/page?id=3"
    assert redact_text(text) == text


def test_texts_and_depth_are_bounded() -> None:
    deep: dict[str, object] = {}
    deep["more"] = deep
    assert len(redact_text("x" * (TEXT_LIMIT * 3))) < TEXT_LIMIT + 50
    assert "<dict>" in str(redact(deep))


def test_objects_become_text_without_secrets() -> None:
    assert redact({"error": ValueError(f"Bearer {SECRET}")}) == {"error": f"Bearer {HIDDEN}"}
