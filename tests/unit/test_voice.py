"""What models say is passed on a few times a second, with its place, to whoever keeps up; nobody's events wait behind it."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from nexod.kernel.hub import INBOX_LIMIT, STREAM_LIMIT, Inbox, Message
from workflows.engine import voice
from workflows.engine.voice import LONGEST_PIECE, Voice


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(voice.topics, "publish", lambda topic, message: found.append(message["text"]))
    monkeypatch.setattr(voice, "current_tenant", lambda: SimpleNamespace(pk=1))
    return found


def whole(heard: list[dict[str, Any]]) -> str:
    """Put the pieces together as a watcher does."""
    text = ""
    for piece in heard:
        text = piece["text"] if piece["at"] == 0 else text + piece["text"]
        assert piece["at"] + len(piece["text"]) == len(text)
    return text


def test_a_fast_model_is_passed_on_twenty_times_a_second(heard: list[dict[str, Any]]) -> None:
    said, began = Voice("run", "n", "s"), time.monotonic()
    while time.monotonic() - began < 0.6:
        said.say("x", "ann")
        time.sleep(0.001)
    said.finish()
    assert len(heard) <= 0.6 / voice.EVERY_S + 2
    assert len(whole(heard)) > 100, "and nothing of it is lost"


def test_a_slow_model_is_passed_on_at_once(heard: list[dict[str, Any]]) -> None:
    said = Voice("run", "n", "s")
    for word in ("One", " by", " one"):
        said.say(word, "ann")
        time.sleep(0.06)
    assert [piece["text"] for piece in heard] == ["One", " by", " one"]
    assert [piece["at"] for piece in heard] == [0, 3, 6]


def test_a_new_answer_begins_anew_for_that_agent(heard: list[dict[str, Any]]) -> None:
    said = Voice("run", "n", "s")
    said.say("Hello", "ann")
    said.say("Bye", "bob")
    said.say("", "ann")
    said.say("Again", "ann")
    assert [(piece["agent"], piece["at"], piece["text"]) for piece in heard] == [
        ("ann", 0, "Hello"), ("bob", 0, "Bye"), ("ann", 0, ""), ("ann", 0, "Again"),
    ]  # fmt: skip


def test_of_much_at_once_the_end_is_told(heard: list[dict[str, Any]]) -> None:
    said = Voice("run", "n", "s")
    said.say("x" * 1_000_000, "ann")
    [piece] = heard
    assert (len(piece["text"]), piece["at"]) == (LONGEST_PIECE, 1_000_000 - LONGEST_PIECE)


def test_who_does_not_keep_up_misses_text_and_no_event() -> None:
    inbox = Inbox()
    for number in range(10_000):
        inbox.put(Message({"events": [], "text": [{"at": number, "text": "x"}]}))
    assert len(inbox) == STREAM_LIMIT
    for number in range(INBOX_LIMIT - STREAM_LIMIT):
        inbox.put(Message({"events": [{"seq": number}]}))
    assert len(inbox) == INBOX_LIMIT, "there was room left for events"


def test_text_has_no_number_in_the_stream() -> None:
    said = Message({"events": [], "text": [{"at": 0, "text": "Hi"}]}).aside
    assert said is not None
    assert said.frame == b'event: text\ndata: {"type": "text", "data": [{"at": 0, "text": "Hi"}]}\n\n'
    assert Message({"seq": 1, "type": "run.created"}).frame.startswith(b"id: 1\n")
