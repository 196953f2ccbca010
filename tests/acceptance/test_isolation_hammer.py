"""The hammer, short: fifty tenants at once find nothing of each other, and find each leak that is planted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PLANTS = sorted(path.stem for path in (ROOT / "tests/hammer/plants").glob("[!_]*.py"))
REQUESTS = 1000
LONGEST_S = 600
Counted = dict[str, Any]
pytestmark = pytest.mark.timeout(LONGEST_S + 60)


@pytest.fixture(scope="module")
def hammered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Counted]:
    """Return what was counted, by plant; the clean bout's plant is empty. Stores and processes are the hammer's own."""
    counted = tmp_path_factory.mktemp("hammer") / "counted.json"
    plants = [word for plant in PLANTS for word in ("--plant", plant)]
    command = [sys.executable, "-m", "tests.hammer", str(REQUESTS), "--json", str(counted), *plants]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=LONGEST_S)
    assert counted.exists(), done.stdout + done.stderr
    found: dict[str, Counted] = json.loads(counted.read_text())
    found["printed"] = {"text": done.stdout}
    return found


def test_fifty_tenants_see_nothing_of_each_other(hammered: dict[str, Counted]) -> None:
    clean = hammered[""]
    assert clean["examples"] == []
    assert clean["leaks"] == 0
    assert clean["requests"] >= REQUESTS
    assert f"hammer: {clean['requests']} requests, 0 leaks" in hammered["printed"]["text"]


def test_every_kind_of_load_and_every_fault_was_there(hammered: dict[str, Counted]) -> None:
    assert hammered[""]["complaints"] == []


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_leak_is_found(hammered: dict[str, Counted], plant: str) -> None:
    assert hammered[plant]["leaks"] > 0


def test_at_least_five_known_leaks_are_planted() -> None:
    assert len(PLANTS) >= 5
