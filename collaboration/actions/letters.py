"""What an e-mail says: composed when it is sent, of what is still worth telling then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse

from collaboration.models import Delivery, Notification
from collaboration.notifications import mail, stopping
from collaboration.notifications.kinds import ASKING, kind_of
from tenants.accounts.models import User
from tenants.addresses import address
from tenants.context import current_tenant
from workflows.approvals.people import desk_of
from workflows.errors import ApprovalClaimed
from workflows.models import Approval

ITEMS = 50
SETTINGS = "admin:my_notifications"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an e-mail, with a place to go."""

    title: str
    link: str
    action: str
    says: str
    asks: Approval | None = None


def letter_of(delivery: Delivery) -> mail.Letter | None:
    """Return the e-mail; None when its person has left, or everything on it was read, decided or taken back meanwhile."""
    person = delivery.user
    told = list(delivery.notifications.unread().order_by("created_at", "pk")) if person and person.is_active else []
    if person is None or not told:
        return None
    asked = _still_asked(told, person)
    items = [_item(one, person, asked) for one in told[:ITEMS] if one.kind not in ASKING or one.about in asked]
    if not items:
        return None
    return _letter(delivery, person, items, len(told) - ITEMS)


def note_sent(letter: mail.Letter) -> None:
    """Note in the record of each approval that a link to it has gone out."""
    from workflows.links import note_link_sent

    for approval, person in letter.links:
        note_link_sent(approval, person)


def _still_asked(told: list[Notification], person: User) -> dict[Any, Approval]:
    """Return what the person may still decide, also where somebody has it on the desk for now."""
    wanted = [one.about for one in told if one.about and one.kind in ASKING]
    if not wanted:
        return {}
    desk = desk_of(person)
    asked = Approval.objects.pending().select_related("run", "claimed_by", "assigned_to").prefetch_related("votes")
    refusals = {approval: desk.refusal(approval) for approval in asked.filter(pk__in=wanted)}
    return {one.pk: one for one, refusal in refusals.items() if refusal is None or isinstance(refusal, ApprovalClaimed)}


def _item(one: Notification, person: User, asked: dict[Any, Approval]) -> Item:
    from workflows.links import approval_link

    approval = asked.get(one.about) if one.kind in ASKING else None
    link = approval_link(approval, person) if approval else address(one.url or "/admin/")
    says = f"{approval.run.title}. {approval.instructions}".strip(". ") if approval else ""
    return Item(one.title, link, kind_of(one.kind).action, says[:500], approval)


def _letter(delivery: Delivery, person: User, items: list[Item], unsaid: int) -> mail.Letter:
    place = current_tenant().name
    stop = address(stopping.path_of(person, delivery.event))
    facts = {
        "place": place,
        "name": person.full_name,
        "items": items,
        "unsaid": max(0, unsaid),
        "stop": stop,
        "stops": stopping.title_of(delivery.event),
        "settings": address(reverse(SETTINGS, urlconf="nexod.urls")),
        "home": address("/admin/"),
    }
    subject = items[0].title if len(items) == 1 else f"{items[0].title} and {len(items) - 1 + facts['unsaid']} more"  # type: ignore[operator]
    return mail.Letter(
        to=person.email,
        subject=" ".join(f"[{place}] {subject}".split())[:200],
        text=render_to_string("nexod/notifications/mail.txt", facts),
        html=render_to_string("nexod/notifications/mail.html", facts),
        headers={
            "Message-ID": f"<{delivery.pk}@nexod>",
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
        links=tuple((item.asks, person) for item in items if item.asks),
    )
