"""Groups of a tenant's people, beside their roles: whoever is in one may decide what the group is asked, and reads."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from nexod.kernel.errors import Conflict, InvalidInput
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.accounts.roles import IN_GROUPS, ROLES
from tenants.messages import enqueue_folded
from tenants.models import DueTime

LONGEST = 150


class GroupExists(Conflict):
    """There is a group with that name already."""

    code = "group_exists"


@transaction.atomic
def create_group(*, actor: User, name: str, members: Sequence[User] = ()) -> Group:
    """Return a new group with these members; raises PermissionDenied, GroupExists, or InvalidInput for a role's name."""
    require_permission(actor, "auth.add_group")
    group = Group.objects.create(name=_free(name))
    group.permissions.set(Permission.objects.filter(IN_GROUPS))
    group.user_set.set(members)
    return group


@transaction.atomic
def update_group(*, actor: User, group: Group, name: str | None = None, members: Sequence[User] | None = None) -> Group:
    """Change what is given and return the group; ``members``, if given, are all that it has afterwards.

    What asks for the group by its name asks for it no more when it is called otherwise.
    """
    require_permission(actor, "auth.change_group")
    _require_no_role(group)
    if name is not None and name != group.name:
        group.name = _free(name)
        group.save(update_fields=["name"])
    if members is not None:
        group.user_set.set(members)
    enqueue_folded(DueTime.Kind.RECOUNT)
    return group


@transaction.atomic
def delete_group(*, actor: User, group: Group) -> None:
    """Delete it; its members stay. What still asks for it is for nobody of it any more."""
    require_permission(actor, "auth.delete_group")
    _require_no_role(group)
    group.delete()
    enqueue_folded(DueTime.Kind.RECOUNT)


def _free(name: str) -> str:
    """Return the name as it is stored; raise for what policies could not tell from a role or an address."""
    wanted = " ".join(name.split())
    if not wanted or len(wanted) > LONGEST:
        raise _invalid(f"A group has a name of at most {LONGEST} characters.")
    if wanted.lower() in ROLES or "@" in wanted:
        raise _invalid("A group cannot be called like a role, or like an address.")
    if Group.objects.filter(name__iexact=wanted).exists():
        raise GroupExists
    return wanted


def _require_no_role(group: Group) -> None:
    if group.name in ROLES:
        raise Conflict("The roles stay as they are.")


def _invalid(message: str) -> InvalidInput:
    return InvalidInput(message, details=[{"field": "name", "message": message}])
