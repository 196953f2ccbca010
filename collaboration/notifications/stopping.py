"""Links that end one sort of e-mail without logging in: signed for one person and what they were written for."""

from __future__ import annotations

from uuid import UUID

from collaboration.notifications.kinds import KINDS
from collaboration.notifications.timing import DAILY, DIGESTS, HOURLY
from nexod.kernel.errors import NotFound
from nexod.kernel.signing import SignatureInvalid, sign, unsign
from tenants.accounts.models import User

PATH = "/notifications/stop/"
PURPOSE = "stop-mail"


class StopLinkUnknown(NotFound):
    """There is no such link here."""

    code = "link_unknown"


def path_of(person: User, event: str) -> str:
    """Return the path of the page on which the person stops e-mails of that event: a kind, or a digest."""
    return f"{PATH}{sign(f'{person.pk.hex}~{event}', purpose=PURPOSE)}"


def read(token: str) -> tuple[UUID, str]:
    """Return the person's id and the event; raise StopLinkUnknown."""
    try:
        person, _, event = unsign(token, purpose=PURPOSE).partition("~")
        return UUID(hex=person), event
    except (SignatureInvalid, ValueError) as error:
        raise StopLinkUnknown from error


def title_of(event: str) -> str:
    """Return what stops, as a person says it."""
    if event in DIGESTS:
        return {HOURLY: "the hourly digest", DAILY: "the daily digest"}.get(event, "e-mails at once")
    return f"e-mails of this kind ({KINDS[event].title.lower()})" if event in KINDS else "these e-mails"
