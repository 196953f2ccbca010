"""What the server says of a document's state in one room: the newest, whoever says it when."""

from __future__ import annotations

import json

import pytest

from collaboration.crdt import frames
from collaboration.crdt.voices import Voices
from nexod.kernel.topics import Topic


@pytest.fixture
async def voices():
    told: list[bytes] = []
    voices = Voices(Topic("t1.document.x"), told.append)
    voices.told = told  # type: ignore[attr-defined]
    yield voices
    voices.close()


def shown(voices: Voices) -> dict:
    voices.close()
    [state] = frames.read(voices.told[-1]).states  # type: ignore[attr-defined,union-attr]
    return json.loads(state.text)["server"]


async def test_what_another_process_says_late_is_not_shown_any_more(voices):
    voices.relay({"server": {"seq": 7, "problems": ["new"]}, "from": "elsewhere"})
    voices.relay({"server": {"seq": 6, "problems": ["old"]}, "from": "elsewhere"})
    assert shown(voices) == {"seq": 7, "problems": ["new"]}
    voices.relay({"server": {"seq": 7, "problems": []}, "from": "elsewhere"})
    assert shown(voices) == {"seq": 7, "problems": []}, "the same state may be judged anew"


async def test_what_is_shown_is_said_again_as_it_is(voices):
    voices.serve({"seq": 3})
    voices.serve()
    assert shown(voices) == {"seq": 3}
