"""The five roles: groups whose Django permissions are derived here and kept in step by every migration."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

OWNER, ADMIN, EDITOR, APPROVER, VIEWER = "owner", "admin", "editor", "approver", "viewer"
ROLES = (OWNER, ADMIN, EDITOR, APPROVER, VIEWER)
CONTENT = ("agents", "workflows", "collaboration")
PEOPLE = ("accounts",)
# Nobody writes these by hand: the engine and the actions do.
RECORDS = ("run", "step", "runevent", "artifact", "approval", "effect", "chunk", "workflowversion", "notification")


def sync_roles(using: str) -> None:
    """Create the roles of the schema that ``using`` is in and set their permissions; again changes nothing."""
    every = Permission.objects.using(using)
    for role, rights in RIGHTS.items():
        group, _ = Group.objects.using(using).get_or_create(name=role)
        group.permissions.set(every.filter(rights))


def _of_records(*actions: str) -> Q:
    return Q(codename__in=[f"{action}_{model}" for action in actions for model in RECORDS])


_CONTENT = Q(content_type__app_label__in=CONTENT)
_VIEW = (_CONTENT & Q(codename__startswith="view_")) | Q(content_type__app_label="admin", codename="view_logentry")
_DECIDE = _CONTENT & Q(codename="decide_approval")
_EDIT = _VIEW | (_CONTENT & ~_of_records("add", "change", "delete") & ~Q(codename="decide_approval"))
_EVERYTHING = _EDIT | _DECIDE | Q(content_type__app_label__in=PEOPLE)
RIGHTS = {OWNER: _EVERYTHING, ADMIN: _EVERYTHING, EDITOR: _EDIT, APPROVER: _VIEW | _DECIDE, VIEWER: _VIEW}
