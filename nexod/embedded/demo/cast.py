"""Who is in the demo: two tenants with an admin each, and one of the platform's staff."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import partial

from nexod.embedded.home import Home

STAFF_HOST, STAFF_EMAIL = "localhost", "staff@nexod.example"


@dataclass(frozen=True)
class DemoTenant:
    """A tenant of the demo, and its admin."""

    slug: str
    name: str
    full_name: str

    @property
    def host(self) -> str:
        """The host that the tenant answers to; browsers resolve it to this machine."""
        return f"{self.slug}.localhost"

    @property
    def email(self) -> str:
        """The admin's address."""
        return f"admin@{self.slug}.example"


TENANTS = (DemoTenant("acme", "Acme", "Ada Acme"), DemoTenant("globex", "Globex", "Gil Globex"))


def password(home: Home, who: str) -> str:
    """Return the password of a tenant's admin (by slug) or of ``staff``: made once for this home."""
    return home.secret(f"demo_{who}_password", partial(secrets.token_urlsafe, 9))
