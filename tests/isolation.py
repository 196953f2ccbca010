"""What of Nexod needs no isolation test of its own, each with the reason; everything else is walked. Reasons of what is gone fail.

The walkers: tables in test_isolation_tables, API in test_tenancy_api, test_isolation_assignment and test_isolation_references,
admins in test_isolation_admin, sockets and Celery tasks in test_isolation_messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db import connection
from django.urls import URLPattern, URLResolver, get_resolver

Reasons = Mapping[str, str]

TABLES: Reasons = {}
# Made by the template; every tenant has the same rows under the same ids, which a test compares.
TEMPLATE_TABLES: Reasons = {
    "django_migrations": "Which migrations the schema has",
    "django_content_type": "Names of models",
    "auth_permission": "Names of permissions",
    "auth_group": "The five roles; a tenant's own groups are walked over the API and in the admin",
    "auth_group_permissions": "What the five roles may do",
}
API: Reasons = {
    "get schema": "The same document for everybody; a test looks for content in it",
    "get node-types": "The same for everybody; a test compares the answers",
    "get definition-schema": "The same for everybody; a test compares the answers",
    "get tools": "The same for everybody; a test compares the answers",
    "get scorers": "The same for everybody; a test compares the answers",
    "get bundle-schema": "The same for everybody; it is made of node types alone",
    "get starters": "The same for everybody; a test compares the answers",
    "get trigger-kinds": "The same for everybody; a test compares the answers",
}
ADMIN: Reasons = {
    "nexod.urls admin/agents/starters/<slug:starter>/install/": "The same catalogue for everybody; ids in forms: test_starters",
    "nexod.urls admin/workflows/starters/<slug:starter>/install/": "Starters are the platform's; ids in forms are swept apart",
    **{
        f"{plane} admin/password/new/<uidb64>/<token>/": "For strangers; test_isolation_resets takes links elsewhere"
        for plane in ("nexod.urls", "nexod.urls_public")
    },
    **{
        f"nexod.urls_public admin/tenants/{page}": "The platform's own rows, which no tenant has"
        for page in (
            "tenant/<int:tenant_id>/<str:change>/confirm/",
            "tenant/asked/<uuid:request_id>/",
            *(
                f"{model}/<path:object_id>/{page}"
                for model in ("domain", "plan", "tenant", "runticket", "usagerecord")
                for page in ("history/", "delete/", "change/", "")
            ),
        )
    },
}
SOCKETS: Reasons = {}
CELERY_TASKS: Reasons = {
    "tenants.provision": "Of the platform; works on what staff asked for, test_tenant_requests",
    "accounts.send_reset_link_to_staff": "Of the platform; its people are staff, test_isolation_resets",
}


def uncovered(found: Iterable[str], walked: Iterable[str], reasons: Reasons) -> tuple[set[str], set[str]]:
    """Return what is neither walked nor excused, and the excuses for what is walked anyway or not there at all."""
    there, covered = set(found), set(walked)
    return there - covered - set(reasons), set(reasons) - (there - covered)


def tables_of(schema: str, using: Any = connection) -> list[str]:
    """Return every table of the schema, with a model or without."""
    with using.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [schema])
        return [name for (name,) in cursor.fetchall()]


def admin_routes(urlconf: str) -> list[str]:
    """Return the pattern of every page under ``admin/``."""
    return sorted(
        pattern for pattern in walked_patterns(get_resolver(urlconf).url_patterns) if pattern.startswith("admin/")
    )


def walked_patterns(patterns: Iterable[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    """Return the whole pattern of everything that a URL configuration leads to."""
    for pattern in patterns:
        here = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from walked_patterns(pattern.url_patterns, here)
        else:
            yield here
