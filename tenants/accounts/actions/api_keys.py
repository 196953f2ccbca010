"""Issue, revoke and recognise API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import CharField, DateTimeField
from django.utils import timezone

from nexod.kernel.errors import InvalidInput, NotAuthenticated, PermissionDenied
from nexod.kernel.reads import Read
from tenants.accounts.actions.users import require_may_manage
from tenants.accounts.backends import keep_permissions, names_of_permissions
from tenants.accounts.models import ApiKey, User
from tenants.accounts.models.api_key import PREFIX, SCOPES, generate_key, hash_key

TOUCH_EVERY = timedelta(minutes=1)


@transaction.atomic
def issue_api_key(
    *,
    actor: User,
    user: User,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
    issued_with: ApiKey | None = None,
) -> tuple[ApiKey, str]:
    """Return the new row and the key itself, which is shown this once and never stored.

    A key that is ``issued_with`` another has at most its scopes and does not outlive it. Raises InvalidInput for an unknown
    scope or a past expiry, PermissionDenied when ``actor`` may not issue keys for ``user``.
    """
    if actor != user:
        _require_may_manage(actor, user, "accounts.add_apikey", "You may only issue keys for yourself.")
    _check_scopes(scopes)
    _check_expiry(expires_at)
    if issued_with is not None:
        _require_within(issued_with, scopes)
        expires_at = min(filter(None, (expires_at, issued_with.expires_at)), default=None)
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
    if actor.pk != api_key.user_id:
        _require_may_manage(actor, api_key.user, "accounts.delete_apikey", "You may only revoke your own keys.")
    ApiKey.objects.filter(pk=api_key.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())


def recognise(key: str) -> ApiKey:
    """Return the usable key row of this schema, whose user knows all permissions; raise NotAuthenticated for every other key,
    whatever its fault."""
    now = timezone.now()
    row = _usable.first(now, hash_key(key))
    if row is None:
        raise NotAuthenticated("The API key is not valid here.")
    keep_permissions(row.user, row.permissions)  # type: ignore[attr-defined]
    if row.last_used_at is None or now - row.last_used_at > TOUCH_EVERY:
        ApiKey.objects.filter(pk=row.pk).update(last_used_at=now)
    return row


_usable = Read(
    lambda now, hashed: (
        ApiKey.objects.usable(now)
        .select_related("user")
        .annotate(permissions=names_of_permissions("user_id"))
        .filter(hashed=hashed)
        .order_by()
    ),
    DateTimeField(),
    CharField(),
)


def _require_may_manage(actor: User, user: User, permission: str, otherwise: str) -> None:
    """A key acts as its user, so nobody gets one of a person who stands above him."""
    if not actor.has_perm(permission):
        raise PermissionDenied(otherwise)
    require_may_manage(actor, user)


def _require_within(issuer: ApiKey, scopes: Sequence[str]) -> None:
    wider = sorted(set(scopes) - set(issuer.scopes))
    if wider:
        raise PermissionDenied(
            f"The key that issues this one does not have the scope {wider[0]}.", details={"scope": wider[0]}
        )


def _check_scopes(scopes: Sequence[str]) -> None:
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise InvalidInput(f"Scopes are {', '.join(SCOPES)}.", details=[{"field": "scopes", "message": str(unknown)}])


def _check_expiry(expires_at: datetime | None) -> None:
    if expires_at is not None and expires_at <= timezone.now():
        message = "The key would have expired already."
        raise InvalidInput(message, details=[{"field": "expires_at", "message": message}])
