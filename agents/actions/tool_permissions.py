"""Remember what people let agents do with tools, ask whether they did, and take it back."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from agents.models import Agent, ToolPermission
from agents.tools.base import BoundTool, Json
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.context import release_connections


def is_permitted(agent: str, digest: str) -> bool:
    """Say whether somebody allowed the agent with that slug what ``digest`` covers, and nobody took it back."""
    found = ToolPermission.objects.valid().filter(agent__slug=agent, digest=digest).exists()
    release_connections()
    return found


def remember_permission(
    bound: BoundTool, arguments: Json, *, agent: str, run: str, step: str, call: str, by: str
) -> None:
    """Keep that the person with the id ``by`` allowed this use; again for the same use of the step changes nothing.

    So what was taken back stays so when the step begins again. An agent that is gone is given nothing.
    """
    owner = Agent.objects.filter(slug=agent).first()
    if owner is not None:
        ToolPermission.objects.get_or_create(
            step=step,
            call=call,
            defaults={
                "agent": owner,
                "tool": bound.name,
                "title": bound.title[:200],
                "digest": bound.covers(arguments),
                "arguments": arguments if bound.rule.per == "arguments" else None,
                "about": bound.tool.about(arguments, bound.settings)[:500],
                "run": run,
                "allowed_by": User.objects.filter(pk=by).first(),
            },
        )
    release_connections()


@transaction.atomic
def revoke_permission(*, actor: User, permission: ToolPermission) -> ToolPermission:
    """Take it back: the next use is asked about again. Taken back already, it stays as it is. Raises PermissionDenied."""
    require_permission(actor, "agents.revoke_toolpermission")
    found = ToolPermission.objects.select_for_update(of=("self",)).get(pk=permission.pk)
    if found.revoked_at is None:
        found.revoked_at, found.revoked_by = timezone.now(), actor
        found.save(update_fields=["revoked_at", "revoked_by", "updated_at"])
    return found
