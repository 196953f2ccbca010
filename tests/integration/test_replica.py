"""What tolerates lag is read from a real streaming replica, behind both walls, and from the primary whenever that is wiser."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, connections
from django.db.transaction import atomic
from django.test import Client
from prometheus_client import REGISTRY

from nexod.kernel import run_port
from tenants.accounts.models import User
from tenants.backend import replica as reads
from tenants.backend.roles import role_name
from tenants.context import enter_platform
from tests.live_stage import Stage
from tests.processes import until
from tests.replica import Replica, reading_from, streaming
from tests.workbench import Bench


@pytest.fixture(scope="module")
def standby(django_db_setup: None) -> Iterator[Replica]:
    with streaming() as found:
        yield found


@pytest.fixture
def replica(bench: Bench, standby: Replica, monkeypatch: pytest.MonkeyPatch) -> Iterator[Replica]:
    """Give the replica, asked anew at every read, that shows all that was committed."""
    monkeypatch.setattr(reads, "CHECK_S", 0.0)
    monkeypatch.setattr(reads, "REST_S", 0.0)
    with reading_from(standby):
        assert until(is_good)
        yield standby
        standby.resume()


@pytest.fixture
def runs(stage: Stage) -> Any:
    """Return the list of runs as acme's owner sees it."""
    client, key = Client(headers={"host": "acme.test"}), stage.key("acme", "owner")

    def ask(path: str = "/api/v1/runs") -> Any:
        answer = client.get(path, headers={"authorization": f"Bearer {key}"})
        assert answer.status_code == 200, answer.content
        return answer.json()

    ask()  # the key's first use is a write
    return ask


def is_good() -> bool:
    with enter_platform():
        return reads.health.is_good()


def emails(alias: str = "replica") -> set[str]:
    with reads.tolerating_lag() as used:
        found = User.objects.all()
        assert (used, found.db) == (alias, alias)
        return set(found.values_list("email", flat=True))


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"{name}_total", labels) or 0.0


def test_both_walls_hold_on_the_replica(replica: Replica, bench: Bench) -> None:
    with bench.inside("acme"), connections["replica"].cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery(), current_schema(), current_user")
        schema = bench.tenant("acme").schema_name
        assert cursor.fetchone() == (True, schema, role_name(connection.settings_dict["NAME"], schema))
        for table in (f"{bench.tenant('globex').schema_name}.accounts_user", "public.tenants_tenant"):
            with pytest.raises(DatabaseError, match="permission denied"):
                cursor.execute(f"SELECT * FROM {table}")
        with pytest.raises(DatabaseError, match="read-only"):
            cursor.execute("DELETE FROM accounts_user")


def test_one_connection_serves_one_tenant_after_the_other(replica: Replica, bench: Bench) -> None:
    for slug in ("acme", "globex", "acme"):
        with bench.inside(slug):
            found = emails()
        assert len(found) == 5
        assert all(email.endswith(f"@{slug}.test") for email in found)


def test_a_view_that_tolerates_lag_shows_what_the_replica_has(replica: Replica, stage: Stage, runs: Any) -> None:
    replica.pause()
    run = stage.run_now("acme")
    assert str(run.pk) not in {row["id"] for row in runs()["results"]}
    assert runs(f"/api/v1/runs/{run.pk}")["id"] == str(run.pk)  # one run is the primary's
    replica.resume()
    replica.catch_up()
    assert str(run.pk) in {row["id"] for row in runs()["results"]}


def test_a_replica_that_is_too_late_is_left_alone(replica: Replica, stage: Stage, runs: Any, settings: Any) -> None:
    settings.NEXOD_REPLICA_LAG_S = 0.3
    replica.pause()
    run = stage.run_now("acme")
    before = counted("nexod_replica_fallbacks", reason="late")
    assert until(lambda: str(run.pk) in {row["id"] for row in runs()["results"]}, 3)
    assert counted("nexod_replica_fallbacks", reason="late") > before
    replica.resume()
    assert until(is_good)


def test_usage_may_lag_too(replica: Replica, runs: Any) -> None:
    before = counted("nexod_replica_reads", database="replica")
    assert runs("/api/v1/usage")["plan"]
    assert counted("nexod_replica_reads", database="replica") == before + 1


def test_who_wrote_reads_what_it_wrote(replica: Replica, bench: Bench) -> None:
    replica.pause()
    with bench.inside("acme"), reads.visit():
        assert emails()
        User.objects.filter(email="owner@acme.test").update(full_name="Olive Owner")
        emails("default")


def test_who_wrote_by_sql_in_a_transaction_does_too(replica: Replica, bench: Bench) -> None:
    with bench.inside("acme"), reads.visit():
        with atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE accounts_user SET full_name = full_name")
        emails("default")
    with bench.inside("acme"), reads.visit():
        emails()


def test_a_transaction_and_a_run_read_the_primary(replica: Replica, bench: Bench) -> None:
    with bench.inside("acme"):
        with atomic():
            emails("default")
        with run_port.use(object()):  # type: ignore[arg-type]
            emails("default")
        with reads.tolerating_lag(), run_port.use(object()):  # type: ignore[arg-type]
            assert User.objects.all().db == "default"


def test_what_did_not_say_so_reads_the_primary(replica: Replica, bench: Bench) -> None:
    with bench.inside("acme"):
        assert User.objects.all().db == "default"


def test_a_row_of_the_replica_is_saved_on_the_primary(replica: Replica, bench: Bench) -> None:
    with bench.inside("acme"):
        with reads.tolerating_lag():
            user = User.objects.get(email="viewer@acme.test")
        assert user._state.db == "replica"
        assert user.groups.all().db == "default"
        user.save(update_fields=["full_name"])
        group = Group.objects.get(name="viewer")
        user.groups.add(group)
        assert user._state.db == "default"


def test_a_killed_replica_costs_no_request(replica: Replica, runs: Any, caplog: pytest.LogCaptureFixture) -> None:
    runs()
    before = counted("nexod_replica_fallbacks", reason="down")
    replica.kill()
    try:
        with caplog.at_level(logging.WARNING, "tenants.backend.replica"):
            assert "results" in runs()
        assert counted("nexod_replica_fallbacks", reason="down") > before
        assert "replica.down" in caplog.messages
    finally:
        replica.start()
    used = counted("nexod_replica_reads", database="replica")
    assert until(lambda: runs() and counted("nexod_replica_reads", database="replica") > used, 10)


def test_one_that_dies_between_the_look_and_the_read_costs_none_either(
    replica: Replica, runs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "CHECK_S", 60.0)
    runs()
    assert reads.health.good
    replica.kill()
    try:
        assert "results" in runs()
        assert not reads.health.good
    finally:
        replica.start()
