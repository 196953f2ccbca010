"""Choose what one is told, where and when not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from zoneinfo import available_timezones

from django.db import transaction

from collaboration.models import NotificationHours, NotificationPreference
from collaboration.notifications.kinds import KINDS, Kind
from collaboration.notifications.timing import DIGESTS
from nexod.kernel.errors import InvalidInput
from tenants.accounts.models import User

Email = NotificationPreference.Email


@dataclass(frozen=True, slots=True)
class Choice:
    """What one person chose for one kind, or what holds because nothing was chosen."""

    kind: Kind
    in_app: bool
    email: str


def choices_of(user: User) -> list[Choice]:
    """Return the person's choice for every kind."""
    rows = {row.kind: row for row in NotificationPreference.objects.filter(user=user)}
    return [
        Choice(kind, rows[name].in_app, rows[name].email) if name in rows else Choice(kind, True, kind.email)
        for name, kind in KINDS.items()
    ]


def hours_of(user: User) -> NotificationHours:
    """Return when the person is left alone; a row that is not stored yet when nothing was chosen."""
    return NotificationHours.objects.filter(user=user).first() or NotificationHours(user=user)


@transaction.atomic
def choose(*, actor: User, choices: Mapping[str, tuple[bool, str]]) -> None:
    """Store the actor's choices, ``{kind: (in the inbox, when by e-mail)}``; raise InvalidInput for an unknown one."""
    for name, (_, email) in choices.items():
        if name not in KINDS or email not in Email.values:
            raise InvalidInput(details=[{"field": name, "message": "There is no such kind, or no such e-mail."}])
    NotificationPreference.objects.bulk_create(
        [NotificationPreference(user=actor, kind=name, in_app=a, email=e) for name, (a, e) in choices.items()],
        update_conflicts=True,
        unique_fields=["user", "kind"],
        update_fields=["in_app", "email"],
    )


def set_hours(
    *, actor: User, time_zone: str, quiet_from: time | None, quiet_until: time | None, daily_at: time
) -> NotificationHours:
    """Store when the actor is left alone, and return it; raise InvalidInput for an unknown zone or half of the quiet hours."""
    if time_zone not in available_timezones():
        raise InvalidInput(details=[{"field": "time_zone", "message": f"There is no time zone {time_zone[:64]!r}."}])
    if (quiet_from is None) != (quiet_until is None):
        raise InvalidInput(details=[{"field": "quiet_until", "message": "Quiet hours have a beginning and an end."}])
    values = {"time_zone": time_zone, "quiet_from": quiet_from, "quiet_until": quiet_until, "daily_at": daily_at}
    row, _ = NotificationHours.objects.update_or_create(user=actor, defaults=values)
    return row


def stop_mail(*, user: User, event: str) -> int:
    """Send the person no more e-mails of that event, a kind or a digest; return for how many kinds."""
    if event in KINDS:
        stopped = [choice for choice in choices_of(user) if choice.kind.name == event]
    else:
        stopped = [choice for choice in choices_of(user) if choice.email == DIGESTS.get(event)]
    choose(actor=user, choices={choice.kind.name: (choice.in_app, Email.OFF) for choice in stopped})
    return len(stopped)
