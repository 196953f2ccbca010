"""Log records become one JSON object a line, with the ids of the scope."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest

from nexod.kernel import scope
from nexod.observability.logs import formatter, logging_config


def record(message: str = "Started", *args: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("nexod.test", logging.INFO, __file__, 1, message, args, None)
    made.__dict__.update(extra)
    return made


def as_json(made: logging.LogRecord) -> dict[str, object]:
    found: dict[str, object] = json.loads(formatter("json").format(made))
    return found


def test_a_line_has_time_level_logger_message_and_extras() -> None:
    line = as_json(record("Started %s", "web", port=8000))
    assert line["event"] == "Started web"
    assert line["level"] == "info"
    assert line["logger"] == "nexod.test"
    assert line["port"] == 8000
    assert str(line["at"]).endswith("Z")


def test_a_line_carries_the_scope() -> None:
    with scope.bound(scope.request_id, "r-1"), scope.bound(scope.tenant, "t_9"), scope.bound(scope.run, "run-2"):
        line = as_json(record())
    assert (line["request_id"], line["tenant"], line["run"]) == ("r-1", "t_9", "run-2")


def test_secrets_are_hidden_in_extras_messages_and_tracebacks() -> None:
    made = record("calling with Bearer abcdef123456", headers={"Authorization": "abcdef123456"})
    try:
        raise ValueError("password=abcdef123456")
    except ValueError:
        made.exc_info = sys.exc_info()
    text = json.dumps(as_json(made))
    assert "abcdef123456" not in text
    assert "ValueError" in text


def test_the_request_object_of_django_is_not_told() -> None:
    assert "request" not in as_json(record(request="<WSGIRequest: GET '/?token=abc'>"))


def test_the_console_shows_the_same_facts_for_people() -> None:
    text = formatter("console").format(record("Started", port=8000))
    assert "Started" in text
    assert "8000" in text
    assert not text.startswith("{")


def test_a_line_never_breaks() -> None:
    assert "\n" not in formatter("json").format(record("two\nlines"))


def test_an_unknown_format_refuses_to_start() -> None:
    with pytest.raises(SystemExit, match="NEXOD_LOG_FORMAT"):
        logging_config(format_name="xml")


def test_a_process_configured_so_writes_json_and_no_access_log_of_the_server() -> None:
    program = (
        "import logging, logging.config; from nexod.observability.logs import logging_config;"
        "logging.config.dictConfig(logging_config(level='INFO', format_name='json'));"
        "logging.getLogger('uvicorn.error').info('up'); logging.getLogger('uvicorn.access').info('GET /');"
        "logging.getLogger('httpx').info('HTTP Request'); logging.getLogger('django.security.DisallowedHost').error('x')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == ["up"]
