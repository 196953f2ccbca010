"""Make and change the platform's staff: users of the public schema. One active administrator always remains."""

from __future__ import annotations

from django.db import transaction

from nexod.kernel.errors import Conflict, PermissionDenied
from tenants.accounts.actions.users import check_password
from tenants.accounts.models import User


class LastAdministrator(Conflict):
    """The platform keeps at least one active administrator."""

    code = "last_administrator"


@transaction.atomic
def create_staff(*, actor: User, email: str, full_name: str, password: str, administrator: bool) -> User:
    """Return a new member of the staff; raises PermissionDenied, Conflict, or InvalidInput for a weak password."""
    _require_administrator(actor)
    address = email.strip().lower()
    if User.objects.filter(email=address).exists():
        raise Conflict("There is a member of the staff with that e-mail address already.")
    check_password(password, User(email=address, full_name=full_name))
    return User.objects.create_user(address, password, full_name=full_name, is_staff=True, is_superuser=administrator)


@transaction.atomic
def update_staff(
    *, actor: User, user: User, full_name: str, administrator: bool, is_active: bool, password: str = ""
) -> User:
    """Change the member and return it; an empty password keeps the present one."""
    _require_administrator(actor)
    administrators = User.objects.select_for_update().filter(is_superuser=True, is_active=True)
    others = [row for row in administrators if row.pk != user.pk]
    if not others and not (administrator and is_active):
        raise LastAdministrator
    if password:
        check_password(password, user)
        user.set_password(password)
    user.full_name, user.is_superuser, user.is_active = full_name, administrator, is_active
    user.save(update_fields=["full_name", "is_superuser", "is_active", "password", "updated_at"])
    return user


def _require_administrator(actor: User) -> None:
    if not (actor.is_active and actor.is_superuser):
        raise PermissionDenied("Only administrators of the platform may do this.")
