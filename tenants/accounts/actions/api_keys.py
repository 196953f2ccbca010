"""Issue, revoke and recognise API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from nexod.kernel.errors import InvalidInput, NotAuthenticated, PermissionDenied
from tenants.accounts.models import ApiKey, User
from tenants.accounts.models.api_key import PREFIX, SCOPES, generate_key, hash_key

TOUCH_EVERY = timedelta(minutes=1)


@transaction.atomic
def issue_api_key(
    *, actor: User, user: User, name: str, scopes: Sequence[str], expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Return the new row and the key itself, which is shown this once and never stored.

    Raises InvalidInput for an unknown scope, PermissionDenied when ``actor`` may not issue keys for ``user``.
    """
    if actor != user and not actor.has_perm("accounts.add_apikey"):
        raise PermissionDenied("You may only issue keys for yourself.")
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise InvalidInput(f"Scopes are {', '.join(SCOPES)}.", details=[{"field": "scopes", "message": str(unknown)}])
    key = generate_key()
    row = ApiKey.objects.create(
        name=name,
        user=user,
        prefix=key[: len(PREFIX) + 6],
        hashed=hash_key(key),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    return row, key


def revoke_api_key(*, actor: User, api_key: ApiKey) -> None:
    """Make the key worthless at once; revoking it again changes nothing."""
    if actor.pk != api_key.user_id and not actor.has_perm("accounts.delete_apikey"):
        raise PermissionDenied("You may only revoke your own keys.")
    ApiKey.objects.filter(pk=api_key.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())


def recognise(key: str) -> ApiKey:
    """Return the usable key row of this schema; raise NotAuthenticated for every other key, whatever its fault."""
    now = timezone.now()
    row = ApiKey.objects.usable(now).select_related("user").filter(hashed=hash_key(key)).first()
    if row is None:
        raise NotAuthenticated("The API key is not valid here.")
    if row.last_used_at is None or now - row.last_used_at > TOUCH_EVERY:
        ApiKey.objects.filter(pk=row.pk).update(last_used_at=now)
    return row
