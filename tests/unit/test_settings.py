"""Settings come typed from the environment; production refuses to start without its secrets, and says which."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nexod.settings.database import databases

ROOT = Path(__file__).resolve().parents[2]
COMPLETE = {
    "NEXOD_SECRET_KEY": "x" * 40,
    "NEXOD_FIELD_KEYS": "bm90aGluZy1zZWNyZXQtaXMtYm91bmQtdG8tdGhpcyE=",
    "DATABASE_URL": "postgres://app:p%40ss@db.example:5433/nexod?sslmode=require",
    "REDIS_URL": "redis://cache.example/0",
}


def _start(environment: dict[str, str], name: str = "production") -> subprocess.CompletedProcess[str]:
    clean = {"PATH": os.environ["PATH"], "NEXOD_ENV": name, "DJANGO_SETTINGS_MODULE": "nexod.settings", **environment}
    program = "from django.conf import settings as s; print(s.DEBUG, s.SESSION_COOKIE_SECURE, sorted(s.DATABASES))"
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=clean, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("missing", COMPLETE)
def test_production_names_the_secret_that_is_missing(missing: str) -> None:
    done = _start({name: value for name, value in COMPLETE.items() if name != missing})
    assert done.returncode != 0
    assert missing in done.stderr
    assert not any(name in done.stderr for name in COMPLETE if name != missing)


def test_a_wrong_value_is_named_and_not_shown() -> None:
    done = _start({**COMPLETE, "NEXOD_SECRET_KEY": "too short"})
    assert "NEXOD_SECRET_KEY" in done.stderr
    assert "too short" not in done.stderr


def test_a_process_that_serves_has_no_owner_connection() -> None:
    assert _start(COMPLETE).stdout.strip() == "False True ['default']"


def test_an_unknown_environment_is_refused() -> None:
    assert "must be dev, test or production" in _start(COMPLETE, name="prod").stderr


def test_a_database_url_is_taken_apart() -> None:
    found = databases(COMPLETE["DATABASE_URL"], "", pool_size=3)["default"]
    assert (found["NAME"], found["USER"], found["PASSWORD"]) == ("nexod", "app", "p@ss")
    assert (found["HOST"], found["PORT"], found["OPTIONS"]["sslmode"]) == ("db.example", "5433", "require")
    assert found["OPTIONS"]["pool"]["max_size"] == 3


def test_a_server_that_does_not_answer_is_given_up() -> None:
    """The driver's own limit is more than two minutes, for which a pool would try nothing else."""
    url = COMPLETE["DATABASE_URL"]
    found = databases(url, url, pool_size=3, replica_url="postgres://app@standby.example/other")
    assert {alias: known["OPTIONS"]["connect_timeout"] for alias, known in found.items()} == {
        "default": "10", "owner": "10", "replica": "2",
    }  # fmt: skip
    said = databases(f"{url}&connect_timeout=4", "", pool_size=3)["default"]
    assert said["OPTIONS"]["connect_timeout"] == "4"


def test_a_pooler_that_is_no_pooler_is_refused() -> None:
    done = _start({**COMPLETE, "NEXOD_DATABASE_POOLER": "statement"})
    assert done.returncode != 0
    assert "NEXOD_DATABASE_POOLER" in done.stderr


def test_behind_a_pooler_no_cursor_outlives_its_transaction() -> None:
    found = databases(COMPLETE["DATABASE_URL"], COMPLETE["DATABASE_URL"], pool_size=5, pooler="transaction")
    assert found["default"]["DISABLE_SERVER_SIDE_CURSORS"]
    assert found["default"]["NEXOD_POOLER"] == "transaction"
    assert found["owner"]["NEXOD_POOLER"] == ""


def test_a_replica_is_the_same_database_elsewhere() -> None:
    url = "postgres://app:p%40ss@standby.example/other"
    found = databases(COMPLETE["DATABASE_URL"], "", pool_size=5, replica_url=url, pooler="session")
    assert found["replica"]["HOST"] == "standby.example"
    assert found["replica"]["NAME"] == found["default"]["NAME"]
    assert found["replica"]["NEXOD_POOLER"] == "session"
    assert "replica" not in databases(url, "", pool_size=5)
