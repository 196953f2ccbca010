"""Links with which a person sets a new password: each works once, for a while, and only in the tenant that sent it."""

from __future__ import annotations

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from nexod.kernel.signing import salt
from tenants.accounts.models import User


class ResetTokens(PasswordResetTokenGenerator):
    """Django's tokens, salted with the tenant: equal ids, hashes and addresses elsewhere do not make one valid there.

    A token ends with the password, the log-in or the address that it was made with, and after PASSWORD_RESET_TIMEOUT.
    """

    @property
    def key_salt(self) -> str:  # type: ignore[override]
        """Return the salt of where the running code works."""
        return salt("password reset")


tokens = ResetTokens()


def path_of(user: User) -> str:
    """Return the end of a new link: who it is for, and the token."""
    return f"{urlsafe_base64_encode(force_bytes(user.pk))}/{tokens.make_token(user)}/"
