"""The folder that holds the state: private, locked, remembering."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from nexod.embedded.errors import HomeInUse
from nexod.embedded.home import PROJECT, Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.prepare()
    return made


def test_a_secret_is_made_once_and_kept(home: Home) -> None:
    first = home.secret("key", lambda: "made")
    assert first == "made"
    assert Home(home.path).secret("key", lambda: "made again") == "made"


def test_secrets_are_for_their_owner_only(home: Home) -> None:
    home.secret("key", lambda: "made")
    assert stat.S_IMODE((home.path / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.path.stat().st_mode) & 0o066 == 0


def test_a_second_holder_is_told_who_is_the_first(home: Home) -> None:
    with home.lock(), pytest.raises(HomeInUse, match=r"in use by process \d+"), Home(home.path).lock():
        pass


def test_the_lock_is_free_again_after_its_holder(home: Home) -> None:
    with home.lock():
        pass
    with Home(home.path).lock():
        pass


def test_the_home_is_in_the_project_unless_the_environment_says_otherwise(tmp_path: Path) -> None:
    assert Home.from_environment({}).path == PROJECT / ".nexod"
    assert Home.from_environment({"NEXOD_HOME": str(tmp_path)}).path == tmp_path
