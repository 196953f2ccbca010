"""What reaches Sentry: with the real SDK and a transport that keeps what it is given."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from nexod.kernel import scope
from nexod.kernel.errors import Conflict, Unavailable
from nexod.observability import sentry

DSN = "https://public@sentry.invalid/1"
PROMPT = "Summarise the merger with Initech"


class Kept(Transport):
    """A transport that sends nothing."""

    events: list[dict[str, Any]] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.events += [item.payload.json for item in envelope.items if item.payload.json]


@pytest.fixture
def reports() -> Iterator[list[dict[str, Any]]]:
    Kept.events = []
    sentry.start(DSN, environment="test", transport=Kept)
    yield Kept.events
    sentry_sdk.get_client().close()
    sentry_sdk.init()


def fail(error: Exception) -> None:
    prompt = PROMPT
    try:
        raise error
    except type(error):
        sentry_sdk.capture_exception()
        assert prompt


def test_without_a_dsn_the_sdk_is_not_even_imported() -> None:
    program = (
        "import sys; from nexod.observability.sentry import start;"
        "assert start('', environment='test') is False; assert 'sentry_sdk' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_an_error_arrives_with_its_place_and_the_ids(reports: list[dict[str, Any]]) -> None:
    with scope.bound(scope.tenant, "t_9"), scope.bound(scope.request_id, "r-1"):
        fail(Unavailable("The store is away."))
    (event,) = reports
    assert event["tags"] == {"tenant": "t_9", "request_id": "r-1"}
    exception = event["exception"]["values"][-1]
    assert exception["value"] == "The store is away."
    assert exception["stacktrace"]["frames"][-1]["function"] == "fail"


def test_neither_locals_nor_foreign_messages_are_sent(reports: list[dict[str, Any]]) -> None:
    fail(ValueError(PROMPT))
    text = json.dumps(reports)
    assert "Initech" not in text
    assert "ValueError" in text


def test_what_was_filled_into_a_log_message_is_not_sent(reports: list[dict[str, Any]]) -> None:
    logging.getLogger("agents.llm").error("The model refused %s", PROMPT, extra={"prompt": PROMPT})
    text = json.dumps(reports)
    assert "The model refused" in text
    assert "Initech" not in text


def test_errors_of_the_caller_are_not_reported(reports: list[dict[str, Any]]) -> None:
    fail(Conflict("Already decided."))
    assert reports == []


def test_requests_users_and_breadcrumbs_are_dropped() -> None:
    event = {
        "request": {"headers": {"Cookie": "a"}, "data": PROMPT},
        "user": {"email": "a@b.c"},
        "breadcrumbs": {"values": [{"message": PROMPT}]},
        "extra": {"sys.argv": ["--token=abc"]},
        "server_name": "host",
        "contexts": {"celery-job": {"args": [PROMPT]}, "runtime": {"name": "CPython"}},
        "spans": [{"op": "http", "description": f"GET /?q={PROMPT}", "data": {"url": PROMPT}}],
    }
    clean = sentry.scrub(event, {})
    assert clean is not None
    assert clean["contexts"] == {"runtime": {"name": "CPython"}}
    assert clean["spans"] == [{"op": "http"}]
    assert not set(sentry.DROPPED) & set(clean)
    assert "Initech" not in json.dumps(clean)


def test_no_integration_of_a_model_library_is_on(reports: list[dict[str, Any]]) -> None:
    on = set(sentry_sdk.get_client().integrations)
    assert not on & {"openai", "openai_agents", "langchain", "langgraph", "anthropic", "litellm", "huggingface_hub"}
    assert {"django", "celery", "logging"} <= on
