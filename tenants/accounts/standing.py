"""How things stand with those who watch: a mark for each person, key and session that changes when what they may does.

One statement for all watchers of a tenant. It says that somebody should be looked at anew, never that they may stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from nexod.kernel.errors import NotAuthenticated
from tenants.accounts.models import ApiKey, User

MARKS = """
WITH allowed AS (
  SELECT group_id, md5(string_agg(permission_id::text, ',' ORDER BY permission_id)) AS mark
  FROM auth_group_permissions GROUP BY group_id)
SELECT 'user', u.id::text, md5(concat_ws('|', u.is_active, u.is_superuser, u.password,
    (SELECT string_agg(g.group_id || ':' || a.mark, ',' ORDER BY g.group_id)
     FROM accounts_user_groups g LEFT JOIN allowed a USING (group_id) WHERE g.user_id = u.id),
    (SELECT string_agg(p.permission_id::text, ',' ORDER BY p.permission_id)
     FROM accounts_user_user_permissions p WHERE p.user_id = u.id)))
FROM accounts_user u WHERE u.id = ANY(%(user)s::uuid[])
UNION ALL
SELECT 'key', k.id::text, array_to_string(k.scopes, ',') FROM accounts_apikey k
WHERE k.id = ANY(%(key)s::uuid[]) AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
UNION ALL
SELECT 'session', s.session_key, '' FROM django_session s
WHERE s.session_key = ANY(%(session)s) AND s.expire_date > now()
"""
Found = dict[tuple[str, str], str]
ENDED = {
    "user": "The account is not there any more.",
    "key": "The API key was revoked or has expired.",
    "session": "The session has ended: log in again.",
}


@dataclass(frozen=True, slots=True)
class Badge:
    """As whom somebody came in, and with what: an API key or a session."""

    user: str
    key: str = ""
    session: str = ""

    def parts(self) -> list[tuple[str, str]]:
        """Return what has to be there for it to be worth anything."""
        named = (("user", self.user), ("key", self.key), ("session", self.session))
        return [(kind, name) for kind, name in named if name]

    def mark(self, found: Found) -> str:
        """Return how things stand with it; raise NotAuthenticated when a part of it is gone."""
        for kind, name in self.parts():
            if (kind, name) not in found:
                raise NotAuthenticated(ENDED[kind])
        return "|".join(found[part] for part in self.parts())


def badge(user: User, key: ApiKey | None, session_key: str | None) -> Badge:
    """Return the badge of whom ``identify`` has recognised."""
    return Badge(str(user.pk), str(key.pk) if key else "", "" if key else session_key or "")


def marks(badges: Iterable[Badge]) -> Found:
    """Return the mark of every part of the badges that still counts. For use inside the tenant."""
    wanted: dict[str, set[str]] = {"user": set(), "key": set(), "session": set()}
    for one in badges:
        for kind, name in one.parts():
            wanted[kind].add(name)
    with connection.cursor() as cursor:
        cursor.execute(MARKS, {kind: sorted(names) for kind, names in wanted.items()})
        return {(kind, name): mark for kind, name, mark in cursor.fetchall()}
