"""Who lets an agent use a credential: whoever gives it a tool that names one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agents.tools.naming import credentials_in
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission

Json = dict[str, Any]
USE = "agents.use_credential"


def require_credentials(actor: User, tools: Any, *, known: Iterable[Json] = ()) -> None:
    """Raise PermissionDenied unless the actor may use credentials, or each tool with one is as it was (``known``)."""
    before = _with_credentials(known)
    if any(row not in before for row in _with_credentials(tools)):
        require_permission(actor, USE)


def _with_credentials(tools: Any) -> list[Any]:
    """Return tool and settings of each that names a credential; what is no list of tools is refused elsewhere."""
    rows = tools if isinstance(tools, list | tuple) else []
    known = [row for row in rows if isinstance(row, dict) and isinstance(row.get("tool"), str)]
    return [(row["tool"], row["settings"]) for row in known if credentials_in(row)]
