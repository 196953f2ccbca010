"""The five roles: groups whose Django permissions are derived here and kept in step by every migration."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

OWNER, ADMIN, EDITOR, APPROVER, VIEWER = "owner", "admin", "editor", "approver", "viewer"
ROLES = (OWNER, ADMIN, EDITOR, APPROVER, VIEWER)
CONTENT = ("agents", "workflows", "collaboration")
PEOPLE = ("accounts",)
# Nobody writes these by hand: the engine and the actions do.
RECORDS = ("run", "step", "runevent", "artifact", "approval", "effect", "chunk", "documenttext", "workflowversion", "notification",
           "recordedanswer", "contestant", "trial", "firing", "delivery", "agentversion", "toolpermission", "vote",
           "chunkvector", "vectorchange", "vectorspace", "wordcount", "approvalentry", "notificationpreference",
           "notificationhours", "runvector", "shareddocument", "documentupdate", "commentthread", "comment",
           "commentedit", "reaction", "threadvisit", "activity", "draftedit", "draftsnapshot", "settleddocument")  # fmt: skip

HOURS = ("add_businesshours", "change_businesshours", "delete_businesshours")
# Whoever decides says who does so meanwhile.
ABSENCES = ("add_absence", "change_absence", "delete_absence")


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
_DECIDE = _CONTENT & Q(codename__in=["decide_approval", *ABSENCES])
# Who lets agents use tools takes it back, too, and so does who defines them.
_REVOKE = _CONTENT & Q(codename="revoke_toolpermission")
_REASSIGN = _CONTENT & Q(codename="reassign_approval")
# Who decides or edits says why; who only looks on says nothing, and others' words are taken away by few.
_SPEAK = _CONTENT & Q(codename="write_comment")
_GROUPS = Q(content_type__app_label="auth", content_type__model="group")
# Who works within limits does not set them.
_LIMITS = _CONTENT & Q(codename__in=["add_budget", "change_budget", "delete_budget", *HOURS])
# Where an organisation keeps its vectors, what proves who it is, and what is closed to most: restricted documents, memories.
_KEYS = _CONTENT & Q(
    codename__in=[
        "add_storeconnection",
        "change_storeconnection",
        "delete_storeconnection",
        "add_credential",
        "change_credential",
        "delete_credential",
        "read_every_document",
        "inspect_memory",
        "moderate_comment",
    ]
)
_EDIT = _VIEW | (_CONTENT & ~_of_records("add", "change", "delete") & ~_DECIDE & ~_REASSIGN & ~_LIMITS & ~_KEYS)
_EVERYTHING = _EDIT | _DECIDE | _REASSIGN | _LIMITS | _KEYS | Q(content_type__app_label__in=PEOPLE) | _GROUPS
# Who is in a group of the tenant's own may decide what it is asked, whatever the role.
IN_GROUPS = _VIEW | _DECIDE | _SPEAK
RIGHTS = {
    OWNER: _EVERYTHING,
    ADMIN: _EVERYTHING,
    EDITOR: _EDIT,
    APPROVER: _VIEW | _DECIDE | _REVOKE | _SPEAK,
    VIEWER: _VIEW,
}
