"""Make people, give them a role, take their access. Only owners make or change owners, and one active owner always remains."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from nexod.kernel import activity
from nexod.kernel.errors import Conflict, InvalidInput, PermissionDenied
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.accounts.roles import OWNER, ROLES
from tenants.messages import enqueue_folded
from tenants.models import DueTime


class UserExists(Conflict):
    """There is a user with that e-mail address already."""

    code = "user_exists"


class LastOwner(Conflict):
    """A workspace keeps at least one active owner."""

    code = "last_owner"


@transaction.atomic
def create_user(*, actor: User, email: str, role: str, full_name: str = "", password: str | None = None) -> User:
    """Return a new user with one role; without a password none can log in with one.

    Raises PermissionDenied, UserExists, or InvalidInput for an unknown role or a weak password.
    """
    require_permission(actor, "accounts.add_user")
    owners = _lock_owners()
    _require_rank(actor, role == OWNER)
    address = email.strip().lower()
    if User.objects.filter(email=address).exists():
        raise UserExists
    check_password(password, User(email=address, full_name=full_name))
    user = User.objects.create_user(address, password, full_name=full_name)
    user.groups.set([owners if role == OWNER else _group(role)])
    activity.note(actor, "added", "member", user, role=role)
    enqueue_folded(DueTime.Kind.RECOUNT)
    return user


@transaction.atomic
def update_user(
    *, actor: User, user: User, role: str | None = None, is_active: bool | None = None, full_name: str | None = None
) -> User:
    """Change what is given and return the user; raises PermissionDenied, InvalidInput or LastOwner."""
    require_permission(actor, "accounts.change_user")
    _lock_owners()
    require_may_manage(actor, user)
    if role is not None:
        _require_rank(actor, role == OWNER)
        user.groups.set([_group(role), *user.groups.exclude(name__in=ROLES)])
        activity.note(actor, "changed", "member", user, role=role)
    user.is_active = user.is_active if is_active is None else is_active
    user.full_name = user.full_name if full_name is None else full_name
    user.save(update_fields=["is_active", "full_name", "updated_at"])
    if not User.objects.filter(Q(groups__name=OWNER) | Q(is_superuser=True), is_active=True).exists():
        raise LastOwner
    enqueue_folded(DueTime.Kind.RECOUNT)
    return user


@transaction.atomic
def set_password(*, actor: User, user: User, password: str) -> None:
    """Give the user another password, which ends the user's sessions; raises PermissionDenied or InvalidInput."""
    require_permission(actor, "accounts.change_user")
    require_may_manage(actor, user)
    check_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password", "updated_at"])


def is_owner(user: User) -> bool:
    """Say whether the user stands above every admin."""
    return user.is_superuser or user.groups.filter(name=OWNER).exists()


def require_may_manage(actor: User, user: User) -> None:
    """Raise PermissionDenied when ``user`` is an owner and ``actor`` is not."""
    _require_rank(actor, actor.pk != user.pk and is_owner(user))


def check_password(password: str | None, user: User) -> None:
    """Raise InvalidInput for a password that is too weak for ``user``."""
    try:
        if password is not None:
            validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput(details=[{"field": "password", "message": text} for text in error.messages]) from error


def _require_rank(actor: User, concerns_owner: bool) -> None:
    if concerns_owner and not is_owner(actor):
        raise PermissionDenied("Only an owner makes or changes owners.")


def _lock_owners() -> Group:
    """Let changes of people follow each other, so that two owners cannot remove one another at once."""
    return Group.objects.select_for_update().get(name=OWNER)


def _group(role: str) -> Group:
    if role not in ROLES:
        raise InvalidInput(details=[{"field": "role", "message": f"Roles are {', '.join(ROLES)}."}])
    return Group.objects.get(name=role)
