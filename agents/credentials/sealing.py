"""A credential's value at rest: encrypted for one row of one tenant, so that a copied column opens nowhere else."""

from __future__ import annotations

from agents.models import Credential
from nexod.kernel.secrets import decrypt, encrypt
from tenants.context import current_tenant


def sealed(credential: Credential, secret: str) -> str:
    """Return what is stored of a secret of this row."""
    return encrypt(secret, bound_to=_place(credential))


def opened(credential: Credential, token: str) -> str:
    """Return the secret; raise SecretUnreadable for what was written for another row, or with keys that are gone."""
    return decrypt(token, bound_to=_place(credential))


def secrets_of(credential: Credential) -> list[str]:
    """Return its secret, and the one before as long as that counts; raise SecretUnreadable."""
    tokens = [credential.encrypted_value, credential.encrypted_former_value if credential.has_former_secret else ""]
    return [opened(credential, token) for token in tokens if token]


def _place(credential: Credential) -> str:
    return f"{current_tenant().schema_name}/credential/{credential.pk}"
