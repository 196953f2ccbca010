"""A new key for stored secrets takes over in every tenant, suspended ones included, while the old one still reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from agents.models import ModelConnection
from nexod.kernel.secrets import SecretUnreadable, decrypt, encrypt
from tenants.context import enter_schema_as_owner, enter_tenant
from tenants.management.commands.rotate_secrets import secret_fields
from tenants.models import Tenant
from tenants.schema import OWNER


@pytest.fixture
def acme(bench: Any) -> Any:
    """The owner's connection looks: what it reads has to be committed."""
    return bench.tenant("acme")


@pytest.fixture
def globex(bench: Any) -> Any:
    return bench.tenant("globex")


@contextmanager
def suspended(tenant: Any) -> Iterator[None]:
    with enter_schema_as_owner("public"):
        rows = Tenant.objects.using(OWNER).filter(pk=tenant.pk)
        rows.update(status=Tenant.Status.SUSPENDED)
    try:
        yield
    finally:
        with enter_schema_as_owner("public"):
            rows.update(status=Tenant.Status.ACTIVE)


def connect(tenant: Any, key: str, former: str = "") -> None:
    with enter_tenant(tenant):
        sealed, before = (encrypt(text, bound_to=tenant.schema_name) for text in (key, former))
        ModelConnection.objects.create(slug="m", name="M", encrypted_key=sealed, encrypted_former_key=before)


def keys(tenant: Any) -> tuple[str, str]:
    with enter_tenant(tenant):
        row = ModelConnection.objects.get(slug="m")
        tokens = (row.encrypted_key, row.encrypted_former_key)
        return decrypt(tokens[0], bound_to=tenant.schema_name), decrypt(tokens[1], bound_to=tenant.schema_name)


def test_every_secret_is_readable_by_the_new_key_alone(acme: Any, globex: Any, settings: Any) -> None:
    connect(acme, "sk-acme", "sk-before")
    connect(globex, "sk-globex")
    old, new = settings.NEXOD_FIELD_KEYS, Fernet.generate_key().decode()
    settings.NEXOD_FIELD_KEYS = [new, *old]
    out = StringIO()
    with suspended(globex):
        call_command("rotate_secrets", stdout=out)
    assert "acme: 2 secrets renewed" in out.getvalue()
    settings.NEXOD_FIELD_KEYS = [new]
    assert (keys(acme), keys(globex)) == (("sk-acme", "sk-before"), ("sk-globex", ""))
    again = StringIO()
    call_command("rotate_secrets", stdout=again)
    assert "acme: 0 secrets renewed" in again.getvalue()


def test_what_no_key_reads_is_named_and_the_rest_renewed(acme: Any, globex: Any, settings: Any) -> None:
    connect(acme, "sk-acme")
    settings.NEXOD_FIELD_KEYS = [Fernet.generate_key().decode()]
    connect(globex, "sk-globex")
    settings.NEXOD_FIELD_KEYS = [Fernet.generate_key().decode(), *settings.NEXOD_FIELD_KEYS]
    with pytest.raises(CommandError, match=r"acme: agents\.ModelConnection"):
        call_command("rotate_secrets", stdout=StringIO())
    settings.NEXOD_FIELD_KEYS = settings.NEXOD_FIELD_KEYS[:1]
    assert keys(globex)[0] == "sk-globex"
    with pytest.raises(SecretUnreadable):
        keys(acme)


def test_no_column_that_keeps_secrets_is_passed_over() -> None:
    """Lists of secrets in JSON (of triggers, of webhooks) are renewed, too."""
    found = {f"{field.model._meta.label}.{field.name}" for field in secret_fields()}
    assert found >= {
        "agents.ModelConnection.encrypted_key",
        "agents.ModelConnection.encrypted_former_key",
        "agents.Credential.encrypted_value",
        "agents.Credential.encrypted_former_value",
        "agents.Credential.encrypted_access",
        "workflows.Trigger.encrypted_secrets",
        "collaboration.WebhookEndpoint.encrypted_secrets",
    }


def test_tokens_within_json_are_renewed(settings: Any) -> None:
    from nexod.kernel.secrets import renewed_in

    stored = [{"secret": encrypt("whsec", bound_to="t_1"), "until": None}]
    settings.NEXOD_FIELD_KEYS = [Fernet.generate_key().decode(), *settings.NEXOD_FIELD_KEYS]
    [renewed] = renewed_in(json.loads(json.dumps(stored)))
    settings.NEXOD_FIELD_KEYS = settings.NEXOD_FIELD_KEYS[:1]
    assert (decrypt(renewed["secret"], bound_to="t_1"), renewed["until"]) == ("whsec", None)
