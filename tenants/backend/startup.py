"""What a process asks of its databases before it serves: nothing in the way that would carry one tenant's place to another."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from tenants.backend.pooler import SESSION, PoolerUnknown, lends_by_transaction, refuse_unknown_pooler

logger = logging.getLogger(__name__)
OURS = r"^nexod_[0-9a-f]{8}_(platform|t_[a-z0-9]{1,40})$"
TOO_MUCH = {
    "is a superuser": "SELECT 1 FROM pg_roles WHERE rolname = session_user AND rolsuper",
    "may make roles": "SELECT 1 FROM pg_roles WHERE rolname = session_user AND rolcreaterole",
    "may make databases": "SELECT 1 FROM pg_roles WHERE rolname = session_user AND rolcreatedb",
    "may replicate": "SELECT 1 FROM pg_roles WHERE rolname = session_user AND rolreplication",
    "bypasses row security": "SELECT 1 FROM pg_roles WHERE rolname = session_user AND rolbypassrls",
    "has other roles' rights without assuming them, or may grant them": """
        SELECT 1 FROM pg_auth_members WHERE member = session_user::regrole AND (inherit_option OR admin_option)""",
    "may assume roles that are no tenant's": f"""
        SELECT 1 FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
        WHERE m.member = session_user::regrole AND r.rolname !~ '{OURS}'""",
    "may use tenants' schemas itself": """
        SELECT 1 FROM pg_namespace
        WHERE (nspname ~ '^t_' OR nspname IN ('public', 'doors')) AND has_schema_privilege(session_user, oid, 'USAGE, CREATE')""",
}


def refuse_unsafe_databases() -> None:
    """Raise ImproperlyConfigured with everything that is wrong. A database that does not answer is no reason: /ready tells."""
    found = [problem for alias in connections.settings for problem in problems(alias)]
    if found:
        raise ImproperlyConfigured(
            "Nexod does not start on these databases:\n" + "\n".join(f"- {line}" for line in found)
        )


def database_check(*, databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """Return the same for Django: ``manage.py check --database default``, and every ``migrate``."""
    return [checks.Error(problem, id="nexod.E001") for alias in databases or () for problem in problems(alias)]


def problems(alias: str) -> Iterator[str]:
    """Give a line for each reason not to use the connection."""
    wrapper: Any = connections.create_connection(alias)
    parameters = wrapper.get_connection_params()
    told = wrapper.settings_dict["NEXOD_POOLER"]
    try:
        with psycopg.connect(**parameters) as connection:
            refuse_unknown_pooler(connection, told)
            if alias != "owner":
                yield from _role(alias, connection)
        if told == SESSION and lends_by_transaction(parameters):
            yield f"{alias}: NEXOD_DATABASE_POOLER says session, but the pooler lends servers by transaction: say transaction."
    except PoolerUnknown as error:
        yield f"{alias}: {_prose(error) if alias != 'owner' else 'DATABASE_OWNER_URL must lead to PostgreSQL, not to a pooler.'}"
    except psycopg.OperationalError as error:
        logger.warning("database.unchecked", extra={"alias": alias, "reason": str(error)})


def _role(alias: str, connection: Any) -> Iterator[str]:
    """Give what the login role is or may, beyond assuming the roles of tenants."""
    for fault, sql in TOO_MUCH.items():
        if connection.execute(sql).fetchone():
            line = f"{alias}: the role {connection.info.user} {fault}. It must assume tenants' roles, and nothing more."
            if settings.NEXOD_ENV == "dev":
                logger.warning("database.role_too_mighty", extra={"reason": line})
            else:
                yield line


def _prose(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error)).strip()
