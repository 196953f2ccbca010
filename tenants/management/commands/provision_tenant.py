"""``manage.py provision_tenant acme --domain acme.example --email olive@acme.example``: a tenant from a terminal."""

from __future__ import annotations

import os
import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nexod.kernel.errors import NexodError
from tenants.actions.provisioning import DEFAULT_PLAN, FirstAdmin, provision_tenant


class Command(BaseCommand):
    """Make a tenant with its first admin; the password comes from NEXOD_PASSWORD, or is made and printed once."""

    help = "Creates a tenant: schema, role, domain and first admin."

    def add_arguments(self, parser: CommandParser) -> None:
        """Accept who and where."""
        parser.add_argument("slug")
        parser.add_argument("--domain", required=True)
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", default="")
        parser.add_argument("--plan", default=DEFAULT_PLAN)

    def handle(self, *args: Any, slug: str, **options: Any) -> None:
        """Provision, and say where to log in."""
        password = os.environ.get("NEXOD_PASSWORD") or secrets.token_urlsafe(12)
        admin = FirstAdmin(options["email"], password)
        try:
            tenant = provision_tenant(
                slug=slug,
                name=options["name"] or slug.title(),
                domain=options["domain"],
                admin=admin,
                plan=options["plan"],
            )
        except NexodError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{tenant.name} is ready at {options['domain']}; {admin.email} logs in with {password}")
