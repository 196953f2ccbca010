"""Keep a list as somebody wants to see it again, for them alone or for everybody, and forget it."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from django.db import transaction

from nexod.kernel.errors import InvalidInput, PermissionDenied
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from workflows.models import SavedView

MOST = 50
LONGEST_NAME, LONGEST_QUERY = 60, 1000
# Which page of the list somebody was on is not part of the view.
LEFT_OUT = frozenset({"p", "all", "_popup", "_to_field", "e"})
SEEN_BY = {SavedView.Page.RUNS: "workflows.view_run"}
SHARE = "workflows.share_savedview"


@transaction.atomic
def save_view(
    *, actor: User, name: str, query: str, page: str = SavedView.Page.RUNS, is_shared: bool = False
) -> SavedView:
    """Keep the view under its name, in place of one of the person's own that has it already, and return it.

    Raises PermissionDenied for who may not see the list, or not share, and InvalidInput.
    """
    require_permission(actor, SEEN_BY[SavedView.Page(page)])
    if is_shared:
        require_permission(actor, SHARE)
    kept = "&".join(urlencode([pair]) for pair in parse_qsl(query.lstrip("?")) if pair[0] not in LEFT_OUT)
    name = " ".join(name.split())
    _require_sense(name, kept)
    own = SavedView.objects.filter(owner=actor, page=page)
    if not own.filter(name=name).exists() and own.count() >= MOST:
        raise InvalidInput(f"You have {MOST} views already.", details=[{"field": "name", "message": "is one too many"}])
    values = {"query": kept, "is_shared": is_shared}
    return SavedView.objects.update_or_create(owner=actor, page=page, name=name, defaults=values)[0]


def delete_view(*, actor: User, view: SavedView) -> None:
    """Forget a view: one's own, or one that is shared, for who may share. Raises PermissionDenied."""
    if view.owner_id != actor.pk:
        if not view.is_shared:
            raise PermissionDenied("This view is somebody else's.")
        require_permission(actor, SHARE)
    view.delete()


def _require_sense(name: str, query: str) -> None:
    if not name or len(name) > LONGEST_NAME:
        raise InvalidInput(
            f"A view has a name of at most {LONGEST_NAME} characters.",
            details=[{"field": "name", "message": "is missing or too long"}],
        )
    if len(query) > LONGEST_QUERY:
        raise InvalidInput("That is too much to be kept.", details=[{"field": "query", "message": "is too long"}])
