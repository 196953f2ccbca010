"""``python -m nexod.embedded.demo.provision <base URL>``: the tenants, people and keys of the demo; again changes nothing.

It runs as the database's owner and writes $NEXOD_HOME/demo.json, from which scripts and tests learn where to log in.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

from nexod.embedded.demo.cast import STAFF_EMAIL, STAFF_HOST, TENANTS, DemoTenant, password
from nexod.embedded.home import Home, read_json, write_private_json

KEY_NAME = "demo"


def main() -> None:
    """Load Django and provision."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexod.settings")
    import django

    django.setup()
    home, base_url = Home.from_environment(), sys.argv[1]
    tenants = {tenant.slug: ensure_tenant(home, tenant) for tenant in TENANTS}
    write_private_json(home.path / "demo.json", {"base_url": base_url, "staff": ensure_staff(home), "tenants": tenants})


def ensure_tenant(home: Home, wanted: DemoTenant) -> dict[str, str]:
    """Return how to come in as the tenant's admin; the tenant is provisioned if it is not there."""
    from tenants.actions.provisioning import FirstAdmin, TenantExists, provision_tenant
    from tenants.context import enter_platform, enter_tenant
    from tenants.models import Tenant

    secret = password(home, wanted.slug)
    admin = FirstAdmin(wanted.email, secret, wanted.full_name)
    with suppress(TenantExists):  # an earlier demo made it
        provision_tenant(slug=wanted.slug, name=wanted.name, domain=wanted.host, admin=admin)
    with enter_platform():
        tenant = Tenant.objects.select_related("plan").get(slug=wanted.slug)
    with enter_tenant(tenant):
        return {
            "host": wanted.host,
            "email": wanted.email,
            "password": secret,
            "api_key": ensure_key(home, wanted, secret),
        }


def ensure_key(home: Home, wanted: DemoTenant, secret: str) -> str:
    """Return a key of the admin's that works, and let the password of demo.json be the admin's. Inside the tenant."""
    from nexod.kernel.errors import NotAuthenticated
    from tenants.accounts.actions.api_keys import issue_api_key, recognise
    from tenants.accounts.models import User
    from tenants.accounts.models.api_key import SCOPES

    admin = User.objects.get(email=wanted.email)
    keep_password(admin, secret)
    known = read_json(home.path / "demo.json").get("tenants", {}).get(wanted.slug, {}).get("api_key", "")
    try:
        recognise(known)
    except NotAuthenticated:
        return issue_api_key(actor=admin, user=admin, name=KEY_NAME, scopes=SCOPES)[1]
    return str(known)


def ensure_staff(home: Home) -> dict[str, str]:
    """Return how to come in as the platform's staff."""
    from tenants.accounts.models import User
    from tenants.context import enter_platform

    secret = password(home, "staff")
    with enter_platform():
        user = User.objects.filter(email=STAFF_EMAIL).first()
        if user is None:
            User.objects.create_superuser(STAFF_EMAIL, secret, full_name="Sam Staff")
        else:
            keep_password(user, secret)
    return {"host": STAFF_HOST, "email": STAFF_EMAIL, "password": secret}


def keep_password(user: Any, secret: str) -> None:
    """Set the password unless it is the user's already: it differs when the home is new and the database is not."""
    if not user.check_password(secret):
        user.set_password(secret)
        user.save(update_fields=["password"])


if __name__ == "__main__":
    main()
