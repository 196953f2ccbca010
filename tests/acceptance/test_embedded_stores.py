"""The embedded PostgreSQL and Valkey: who may do what, what stays, what goes away."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from nexod.embedded import postgres
from nexod.embedded.errors import HomeInUse
from nexod.embedded.home import Home
from nexod.embedded.ports import LOOPBACK
from nexod.embedded.stores import Stores, start_stores
from nexod.embedded.valkey import pongs


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private folder: as root it is one that PostgreSQL's own OS user cannot reach."""
    return tmp_path_factory.mktemp("stores")


@pytest.fixture(scope="module")
def stores(home: Path) -> Iterator[Stores]:
    with start_stores(home, durable=False) as started:
        yield started


def owner(stores: Stores, database: str = "nexod") -> psycopg.Connection:
    return psycopg.connect(stores.owner_url, dbname=database, autocommit=True)


def app(stores: Stores, database: str = "nexod") -> psycopg.Connection:
    return psycopg.connect(stores.database_url, dbname=database, autocommit=True)


def test_neither_role_is_a_superuser_and_the_app_inherits_nothing(stores: Stores) -> None:
    with owner(stores) as connection:
        rows = connection.execute(
            "SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname LIKE 'nexod_%'"
        ).fetchall()
    assert sorted(rows) == [("nexod_app", False, False, False, False), ("nexod_owner", False, True, True, True)]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE SCHEMA mine",
        "CREATE TABLE public.mine ()",
        "CREATE TEMP TABLE mine ()",
        "CREATE DATABASE mine",
        "CREATE ROLE mine",
    ],
)
def test_the_app_may_only_connect(stores: Stores, statement: str) -> None:
    with app(stores) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


@pytest.mark.parametrize("database", ["postgres", "template1"])
def test_the_app_may_connect_to_no_other_database(stores: Stores, database: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        app(stores, database)


def test_a_database_that_the_owner_makes_has_the_extensions(stores: Stores) -> None:
    with owner(stores) as connection:
        connection.execute("CREATE DATABASE test_fresh")
    with owner(stores, "test_fresh") as connection:
        distance = connection.execute("SELECT '[1,2]'::extensions.vector OPERATOR(extensions.<->) '[1,4]'").fetchone()
        likeness = connection.execute("SELECT extensions.similarity('nexod', 'nexod')").fetchone()
        connection.execute("CREATE SCHEMA t_1")
    assert (distance, likeness) == ((2.0,), (1.0,))


def test_the_owner_may_give_the_app_a_role_to_step_into_but_not_to_inherit(stores: Stores) -> None:
    with owner(stores) as connection:
        connection.execute("CREATE ROLE t_1_role NOLOGIN")
        connection.execute("GRANT t_1_role TO nexod_app WITH INHERIT FALSE, SET TRUE")
    with app(stores) as connection:
        connection.execute("SET ROLE t_1_role")
        assert connection.execute("SELECT current_user").fetchone() == ("t_1_role",)


def test_a_wrong_password_is_refused(stores: Stores) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(stores.database_url, password="guessed")
    port = int(stores.redis_url.rsplit(":", 1)[1].split("/")[0])
    assert not pongs(port, "guessed")


def test_a_second_start_on_the_same_home_is_refused(stores: Stores, home: Path) -> None:
    with pytest.raises(HomeInUse), start_stores(home, durable=False):
        pass


@pytest.fixture
def lasting(tmp_path: Path) -> Iterator[Home]:
    yield Home(tmp_path)
    postgres.remove(Home(tmp_path))


def test_a_second_start_is_fast_and_finds_what_the_first_left(lasting: Home) -> None:
    with start_stores(lasting, durable=True) as first, owner(first) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    began = time.monotonic()
    with start_stores(lasting, durable=True) as second, owner(second) as connection:
        seconds = time.monotonic() - began
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
    assert seconds < 2


def test_after_the_block_nothing_listens_and_no_throwaway_data_is_left(tmp_path: Path) -> None:
    with start_stores(tmp_path, durable=False) as stores:
        ports = [psycopg.conninfo.conninfo_to_dict(stores.owner_url)["port"], stores.redis_url.rsplit(":", 1)[1][:-2]]
        data = stores.data
        assert os.geteuid() == 0 or data.is_relative_to(tmp_path)
        assert data.exists()
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((LOOPBACK, int(port)))
    assert data.is_relative_to(tmp_path) or not data.parent.exists()
