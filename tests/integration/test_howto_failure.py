"""The definition in the how-to on failure does what the page says, against a service that counts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.definitions import Everything
from tests.sink import Answer, Sink
from tests.workbench import Bench
from workflows.definitions import validate

PAGE = Path(__file__).resolve().parents[2] / "docs/howto/handle-failure.md"
JOURNEY: dict[str, Any] = json.loads(re.search(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)[1])  # type: ignore[index]


def book(bench: Bench, sink: Sink) -> Any:
    return bench.ran(JOURNEY, {"shop": sink.url()[:-1], "traveller": "Ada"})


def made(number: int) -> Answer:
    return Answer(201, json.dumps({"id": number}).encode())


def seen(sink: Sink) -> list[str]:
    return [f"{request.method} {request.path}" for request in sink.requests]


def test_the_definition_is_sound() -> None:
    assert validate(JOURNEY, Everything()) == []


def test_a_mail_that_fails_does_not_keep_anybody_from_travelling(bench: Bench, sink: Sink) -> None:
    sink.answer(made(1), made(2), Answer(400), made(4))
    run = book(bench, sink)
    assert run.status == "completed", run.error
    assert run.outputs["room"] == 4
    assert run.outputs["note"].startswith("No mail was sent: ")


def test_a_hotel_that_is_full_gives_the_money_and_the_seats_back(bench: Bench, sink: Sink) -> None:
    sink.answer(made(1), Answer(503), made(2), made(3), Answer(400), made(0), Answer(503), made(0))
    run = book(bench, sink)
    assert (run.status, run.error["node"]) == ("failed", "hotel")
    assert seen(sink) == [
        "POST /seats",
        *["POST /payments"] * 2,
        "POST /mails",
        "POST /rooms",
        "DELETE /payments/2",
        *["DELETE /seats/1"] * 2,
    ]
    assert [found["node"] for found in run.compensation["undone"]] == ["payment", "seats"]


def test_where_all_is_well_nothing_is_said_and_nothing_undone(bench: Bench, sink: Sink) -> None:
    sink.answer(made(1), made(2), made(3), made(4))
    run = book(bench, sink)
    assert (run.status, run.outputs, run.compensation) == ("completed", {"room": 4, "note": ""}, None)
    assert len(sink.requests) == 4
