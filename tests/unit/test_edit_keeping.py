"""What the editor keeps while the server is away or others write, done in Node; and that a person looks the same on all pages."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.edit.node import NODE

ROOT = Path(__file__).parent.parent
STATIC = ROOT.parent / "nexod/static/nexod"


@pytest.fixture(scope="module")
def told() -> Any:
    command = [NODE, "--no-warnings", str(ROOT / "edit/keeping_cases.mjs")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_what_could_not_be_asked_is_asked_later_in_its_order(told: Any) -> None:
    assert told["kept"] == {
        "done": ["one", "look", "three"], "failed": ["refused"], "held": True, "waited": True, "last": "", "has": False,
    }  # fmt: skip


def test_what_waits_can_be_given_up(told: Any) -> None:
    assert told["givenUp"] == {"dropped": ["one", "two"], "done": ["three"]}


def test_a_word_that_is_being_composed_takes_nothing_of_others_away(told: Any) -> None:
    assert told["composed"] == ["Theirs: old WORD here", "Theirs: old WORD here!", "Theirs: old WORD here!"]


def test_what_is_typed_is_found_at_the_caret(told: Any) -> None:
    assert told["typed"] == {"at": 1, "gone": 0, "text": "a"}
    assert told["shifted"] == 4


def test_letters_and_colours_of_people_are_made_in_one_place() -> None:
    modules = [path for path in STATIC.rglob("*.js") if "vendor" not in path.parts]
    own = re.compile(r"function (initials|colourOf)\b|split\(/\[\\\\s@|hsl\(")
    assert [path.name for path in modules if own.search(path.read_text())] == ["persons.js"]
    used = {path.name for path in modules if "persons.js" in path.read_text()}
    assert {"people.js", "parts.js", "presence.js", "watchers.js"} <= used
