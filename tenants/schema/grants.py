"""PostgreSQL roles and their rights. Every statement may run again and changes nothing then."""

from __future__ import annotations

from django.conf import settings
from django.db import connections

from tenants.backend.roles import role_name
from tenants.context import PLATFORM_SCHEMA
from tenants.schema import OWNER

CREATE_ROLE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
    CREATE ROLE "{role}" NOLOGIN NOINHERIT;
  END IF;
END $$;
GRANT "{role}" TO "{login}" WITH INHERIT FALSE, SET TRUE;
"""
USE_SCHEMA = """
GRANT USAGE ON SCHEMA "{schema}" TO "{role}";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "{schema}" TO "{role}";
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA "{schema}" TO "{role}";
ALTER DEFAULT PRIVILEGES IN SCHEMA "{schema}" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "{role}";
ALTER DEFAULT PRIVILEGES IN SCHEMA "{schema}" GRANT USAGE, SELECT ON SEQUENCES TO "{role}";
"""
USE_DOORS = """
GRANT USAGE ON SCHEMA doors TO "{role}";
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA doors TO "{role}";
"""


def grants_sql(schema: str) -> str:
    """Return the SQL that makes the role of ``schema`` and gives it that schema, and nothing else but the doors."""
    names = {"schema": schema, "role": role(schema), "login": login_role()}
    parts = [CREATE_ROLE, USE_SCHEMA] if schema == PLATFORM_SCHEMA else [CREATE_ROLE, USE_SCHEMA, USE_DOORS]
    return "".join(part.format(**names) for part in parts)


def grant(schema: str) -> None:
    """Make the role of ``schema`` and its rights."""
    with connections[OWNER].cursor() as cursor:
        cursor.execute(grants_sql(schema))


def role(schema: str) -> str:
    """Return the role of ``schema`` in the database of the owner connection."""
    return role_name(connections[OWNER].settings_dict["NAME"], schema)


def login_role() -> str:
    """Return the role that serves: the one DATABASE_URL logs in as."""
    return str(settings.DATABASES["default"]["USER"])
