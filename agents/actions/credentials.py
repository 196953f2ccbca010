"""Keep credentials: create, change, rotate, try and delete them. A secret is written, never read back; every act is on record."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.db import transaction
from django.utils import timezone

from agents.actions.rows import InUse, free_slug, invalid, saved
from agents.credentials.hosts import plain_hosts
from agents.credentials.kinds import KINDS, secret_problem, setting_problems
from agents.credentials.sealing import sealed
from agents.credentials.uses import uses_of
from agents.models import Credential
from nexod.kernel.errors import InvalidInput
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission

if TYPE_CHECKING:
    from agents.credentials.trial import Trial

Json = dict[str, Any]
FORMER_S = 24 * 3600
USE = "agents.use_credential"


@transaction.atomic
def create_credential(
    *, actor: User, name: str, hosts: list[str], slug: str = "", secret: str = "", **fields: Any
) -> Credential:
    """Return a new credential. Raises PermissionDenied, or what names the fields that are not valid."""
    require_permission(actor, "agents.add_credential")
    credential = Credential(kind=fields.pop("kind", Credential.Kind.BEARER))
    slug = slug or free_slug(Credential, name)
    _give(credential, secret)
    _save(credential, {**fields, "name": name, "slug": slug, "hosts": hosts})
    _record(actor, credential, ADDITION, f"Created for {', '.join(credential.hosts)}.")
    return credential


@transaction.atomic
def update_credential(
    *, actor: User, credential: Credential, secret: str | None = None, forget_former_secret: bool = False, **fields: Any
) -> Credential:
    """Change what is given; ``secret`` None keeps the stored one, empty removes it, another takes over (see rotation).

    A stored secret goes to its own hosts only: whoever has it sent to another one gives it again. The kind stays.
    """
    require_permission(actor, "agents.change_credential")
    locked = Credential.objects.select_for_update().get(pk=credential.pk)
    if fields.pop("kind", locked.kind) != locked.kind:
        raise invalid("kind", "The kind cannot be changed: create another credential.")
    led = _leads_further(locked, fields)
    if led and locked.has_secret and secret is None:
        raise invalid("secret", f"{led}: give the secret again, or an empty one.")
    if secret is not None:
        _give(locked, secret, keep_former=not led)
    if forget_former_secret:
        locked.encrypted_former_value, locked.former_until = "", None
    if forget_former_secret or fields.get("settings", locked.settings) != locked.settings:
        locked.encrypted_access = ""  # it was got with what does not count any more
    _save(locked, fields)
    _record(actor, locked, CHANGE, _told(fields, secret, forget_former_secret))
    return locked


@transaction.atomic
def rotate_credential(*, actor: User, credential: Credential, secret: str, keep_former_s: int = FORMER_S) -> Credential:
    """Let ``secret`` take over at once. Where a service refuses it, the one before is tried, for so many seconds yet."""
    require_permission(actor, "agents.change_credential")
    locked = Credential.objects.select_for_update().get(pk=credential.pk)
    if not secret:
        raise invalid("secret", "Give the new secret.")
    _give(locked, secret, keep_former_s=keep_former_s)
    _save(locked, {})
    kept = f" The former one is tried until {locked.former_until:%Y-%m-%d %H:%M} UTC." if locked.former_until else ""
    _record(actor, locked, CHANGE, f"Rotated.{kept}")
    return locked


def try_credential(*, actor: User, credential: Credential, url: str) -> Trial:
    """Return what a GET to ``url``, on one of its hosts, comes to. Raises PermissionDenied, InvalidInput for another host."""
    require_permission(actor, USE)
    # Late: it brings an HTTP client.
    from agents.credentials.trial import tried

    return tried(credential, url)


@transaction.atomic
def delete_credential(*, actor: User, credential: Credential) -> None:
    """Delete it; raise InUse while workflows or agents name it."""
    require_permission(actor, "agents.delete_credential")
    uses = uses_of(credential.slug)
    if uses:
        names = sorted({f"{use.kind} {use.name}" for use in uses})
        raise InUse(f"This credential is named by {', '.join(names)}.", details={"uses": names})
    _record(actor, credential, DELETION, "Deleted.")
    credential.delete()


def _save(credential: Credential, fields: Json) -> None:
    """Save the row with these fields; raise what names those that are not valid."""
    if "hosts" in fields:
        try:
            fields = {**fields, "hosts": plain_hosts(fields["hosts"])}
        except ValueError as odd:
            raise invalid("hosts", str(odd)) from None
    if credential.kind not in KINDS:
        raise invalid("kind", f"The kind is one of {', '.join(KINDS)}.")
    if wrong := setting_problems(credential.kind, fields.get("settings", credential.settings)):
        details = [{**one, "field": ".".join(filter(None, ("settings", one["field"])))} for one in wrong]
        raise InvalidInput(details=details)
    saved(credential, fields)


def _give(credential: Credential, secret: str, *, keep_former: bool = True, keep_former_s: int = FORMER_S) -> None:
    """Set the secret; the one before stays for a while, unless it is removed or leads elsewhere than before."""
    if secret and (wrong := secret_problem(secret)):
        raise invalid("secret", wrong)
    now, keeps = timezone.now(), keep_former and bool(secret) and credential.has_secret and keep_former_s > 0
    credential.encrypted_former_value = credential.encrypted_value if keeps else ""
    credential.former_until = now + timedelta(seconds=keep_former_s) if keeps else None
    credential.encrypted_value = sealed(credential, secret) if secret else ""
    credential.encrypted_access = ""
    credential.rotated_at = now if secret else None


def _leads_further(credential: Credential, fields: Json) -> str:
    """Return what would be sent the secret that is not now, in words; empty where nothing would."""
    known = set(credential.hosts)
    new = [host for host in fields.get("hosts", ()) if str(host).strip().lower().rstrip("/") not in known]
    if new:
        return f"It would be sent to {', '.join(map(str, new))}"
    settings = fields.get("settings", credential.settings)
    address = settings.get("token_url") if isinstance(settings, dict) else None
    return f"It would be sent to {address}" if address != credential.settings.get("token_url") else ""


def _told(fields: Json, secret: str | None, forgotten: bool) -> str:
    """Return what was changed, for the record; never a value."""
    parts = [f"Changed {', '.join(sorted(fields))}."] if fields else []
    if secret is not None:
        parts.append("Secret replaced." if secret else "Secret removed.")
    return " ".join([*parts, "Former secret forgotten." if forgotten else ""]).strip() or "Saved."


def _record(actor: User, credential: Credential, flag: int, message: str) -> None:
    LogEntry.objects.log_actions(actor.pk, [credential], flag, message[:500], single_object=True)
