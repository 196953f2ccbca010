"""The editor's own reading and changing of a shared document, done in Node, agrees with the server's in every shared case."""

from __future__ import annotations

import copy
import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from collaboration.crdt.shape.lists import together
from tests.edit.node import NODE

ROOT = Path(__file__).parent.parent
CASES = json.loads((ROOT / "cases/workflow_shape.json").read_text())


@pytest.fixture(scope="module")
def given() -> Any:
    return run(ROOT / "cases/workflow_shape.json")


def run(cases: Path) -> Any:
    """What the editor's modules make of a table of cases."""
    command = [NODE, "--no-warnings", str(ROOT / "edit/shape_cases.mjs"), str(cases)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def ids(table: str) -> list[str]:
    return [case["name"] for case in CASES[table]]


def placeless(document: dict[str, Any]) -> dict[str, Any]:
    """Only the server seeds documents: where it leaves a gap in the row of places, the editor need not."""
    parts = {name: [(key, {**part, "at": 0}) for key, part in document[name].items()] for name in ("nodes", "edges")}
    return {"workflow": document["workflow"], **{name: dict(found) for name, found in parts.items()}}


@pytest.mark.parametrize("number", range(len(CASES["seed"])), ids=ids("seed"))
def test_an_empty_document_takes_the_definition(given, number):
    case, found = CASES["seed"][number], given["seed"][number]
    assert placeless(found["document"]) == placeless(case["document"])
    assert found["definition"] == case.get("back", case["definition"])


@pytest.mark.parametrize("number", range(len(CASES["read"])), ids=ids("read"))
def test_a_document_gives_its_definition(given, number):
    assert given["read"][number] == CASES["read"][number]["definition"]


@pytest.mark.parametrize("number", range(len(CASES["apply"])), ids=ids("apply"))
def test_a_change_is_written_and_what_others_did_stays(given, number):
    assert given["apply"][number] == CASES["apply"][number]["definition"]


@pytest.mark.parametrize("number", range(len(CASES["lists"])), ids=ids("lists"))
def test_a_list_takes_a_change_beside_those_of_others(given, number):
    assert given["lists"][number] == CASES["lists"][number]["is"]


def test_lists_become_the_same_in_both_languages(tmp_path: Path) -> None:
    chance = random.Random(7)
    states = [[some_list(chance) for _ in range(3)] for _ in range(400)]
    tables = {"lists": [dict(zip(("before", "now", "after"), three, strict=True)) for three in states]}
    path = tmp_path / "cases.json"
    path.write_text(json.dumps({"seed": [], "read": [], "apply": [], **tables}))
    assert run(path)["lists"] == [together(*three) for three in states]


def some_list(chance: random.Random) -> list[Any]:
    """A few elements out of not many, so that lists have much in common."""
    sorts = [*"abc", 1, True, None, [1], *({"n": n, "v": v} for n in "ab" for v in (1, 2)), {"v": 3}]
    return [copy.deepcopy(chance.choice(sorts)) for _ in range(chance.randrange(6))]
