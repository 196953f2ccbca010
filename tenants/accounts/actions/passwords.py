"""Forgotten passwords: send a link, and set the new password of whoever comes with one."""

from __future__ import annotations

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from nexod.kernel.errors import InvalidInput
from tenants.accounts.actions.users import check_password
from tenants.accounts.models import ApiKey, User
from tenants.accounts.resets import path_of, tokens


class ResetLinkInvalid(InvalidInput):
    """This link was used already, is too old, or is not of this workspace."""

    code = "reset_link_invalid"


def send_reset_link(*, email: str, page: str, place: str) -> bool:
    """Mail the person a link to ``page`` (``https://<host>/.../``); False when nobody with that address logs in by password."""
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if user is None or not user.has_usable_password():
        return False
    facts = {"link": f"{page}{path_of(user)}", "place": place, "minutes": settings.PASSWORD_RESET_TIMEOUT // 60}
    text = render_to_string("nexod/accounts/reset_mail.txt", {**facts, "name": user.full_name})
    send_mail(f"A new password for {place}", text, None, [user.email])
    return True


@transaction.atomic
def reset_password(*, user: User, token: str, password: str) -> int:
    """Set the password, which ends every session, and revoke the person's API keys; return how many there were.

    Whoever needs the link may have lost more than a password, so nothing that was given out before stays valid.
    Raises ResetLinkInvalid, also for the second of two at once, or InvalidInput for a weak password.
    """
    row = User.objects.select_for_update().filter(pk=user.pk, is_active=True).first()
    if row is None or not tokens.check_token(row, token):
        raise ResetLinkInvalid
    check_password(password, row)
    row.set_password(password)
    row.save(update_fields=["password", "updated_at"])
    revoked = ApiKey.objects.filter(user=row, revoked_at__isnull=True).update(revoked_at=timezone.now())
    message = f"New password by e-mail link; {revoked} API keys revoked."
    LogEntry.objects.log_actions(row.pk, [row], CHANGE, message, single_object=True)
    return revoked
