"""From the name of a credential to what one request carries: looked up when it is sent, checked against where it goes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from agents.credentials.access import access_tokens
from agents.credentials.errors import CredentialMissing, CredentialRefused
from agents.credentials.facts import facts_of
from agents.credentials.hosts import PORTS, Place
from agents.credentials.kinds import KINDS
from agents.credentials.sealing import secrets_of
from agents.models import Credential
from nexod.kernel.errors import NexodError
from nexod.kernel.outgoing.carried import NOTHING, Carried
from nexod.kernel.run_port import NotPerformed
from tenants.context import release_connections

USED_EVERY = timedelta(minutes=1)
"""How exactly it is kept when a credential was last used."""


def carrying(slug: str, url: Any) -> Iterator[Carried]:
    """Yield what a request to ``url`` (httpx's) carries: the secret of that credential, then the one before it, for as long as
    that counts; with an empty ``slug`` nothing. Nothing was sent where it raises NotPerformed.
    """
    if not slug:
        yield NOTHING
        return
    try:
        credential = usable(slug, url)
        secrets = secrets_of(credential)
    except NexodError as error:
        raise NotPerformed(error) from error
    finally:
        release_connections()
    # What a secret is, or the tokens that are got with it, one after the other.
    for text in access_tokens(credential, secrets) if credential.kind == Credential.Kind.OAUTH2 else secrets:
        _note_use(credential)
        yield KINDS[credential.kind].carry(credential.settings, text)


def usable(slug: str, url: Any) -> Credential:
    """Return the credential when it may be sent to ``url``; raise CredentialMissing or CredentialRefused."""
    credential = Credential.objects.filter(slug=slug).first()
    if credential is None:
        raise CredentialMissing(f"There is no credential {slug!r} here. Create it, or name another.")
    if not credential.has_secret:
        raise CredentialMissing(f"{credential.name} has no secret yet. Give it one.")
    place = Place(url.scheme, url.raw_host.decode("ascii").lower(), url.port or PORTS.get(url.scheme, 0))
    if why := facts_of(credential).refusal(place):
        raise CredentialRefused(why)
    return credential


def _note_use(credential: Credential) -> None:
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USED_EVERY)
    Credential.objects.filter(stale, pk=credential.pk).update(last_used_at=now)
    release_connections()
