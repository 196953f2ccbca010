"""Who is who in the database: the owner that migrates, the application that serves. Run at every start, by the superuser.

The superuser's password never leaves the launcher: no URL that it hands out holds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from nexod.embedded.postgres import Cluster

OWNER, APP = "nexod_owner", "nexod_app"
EXTENSIONS = ("vector", "pg_trgm")
CONNECT_TIMEOUT_S = 2


def can_connect(url: str) -> bool:
    """Tell whether PostgreSQL lets this role in now."""
    try:
        psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S).close()
    except psycopg.OperationalError:
        return False
    return True


def settle(cluster: Cluster) -> None:
    """Bring the template, the roles and the database to the state that the application expects; again changes nothing."""
    from nexod.embedded.postgres import DATABASE, SUPERUSER

    with psycopg.connect(cluster.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        _ensure_role(connection, OWNER, "LOGIN CREATEROLE CREATEDB", cluster.password(OWNER))
        _ensure_role(connection, APP, "LOGIN NOINHERIT", cluster.password(APP))
    with psycopg.connect(cluster.url(SUPERUSER, "template1"), autocommit=True) as connection:
        _furnish_template(connection)
    with psycopg.connect(cluster.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        _ensure_database(connection, DATABASE)


def _ensure_role(connection: psycopg.Connection, name: str, rights: str, password: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    statement = "ALTER ROLE {} {} PASSWORD {}" if known else "CREATE ROLE {} {} PASSWORD {}"
    connection.execute(sql.SQL(statement).format(sql.Identifier(name), sql.SQL(rights), sql.Literal(password)))


def _furnish_template(connection: psycopg.Connection) -> None:
    """Every database made later, a test's too, is a copy of template1: it has the extensions and no open schema."""
    connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    connection.execute("CREATE SCHEMA IF NOT EXISTS extensions")
    connection.execute("GRANT USAGE ON SCHEMA extensions TO PUBLIC")
    for name in EXTENSIONS:
        connection.execute(
            sql.SQL("CREATE EXTENSION IF NOT EXISTS {} WITH SCHEMA extensions").format(sql.Identifier(name))
        )


def _ensure_database(connection: psycopg.Connection, name: str) -> None:
    identifier = sql.Identifier(name)
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(identifier, sql.Identifier(OWNER)))
    for database in (identifier, sql.Identifier("postgres"), sql.Identifier("template1")):
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(identifier, sql.Identifier(APP)))
