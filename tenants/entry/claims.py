"""One Host header names the tenant. Whatever else in a request would name one is refused, so that nobody believes it was obeyed."""

from __future__ import annotations

from collections.abc import Iterable

from nexod.kernel.errors import InvalidInput

PARAMETERS = frozenset({"tenant", "tenant_id", "schema", "schema_name"})
HEADERS = frozenset({"x-tenant", "x-tenant-id", "x-tenant-name", "x-schema", "x-schema-name", "x-dts-schema"})


class HostInvalid(InvalidInput):
    """A request names its host once, in one Host header."""

    code = "host_invalid"


class TenantNotChosen(InvalidInput):
    """The host alone names the workspace: no parameter and no header can choose another one."""

    code = "tenant_not_chosen"


def require_one_host(host: str | None) -> str:
    """Return the Host header; raise HostInvalid when it is absent or was sent more than once, which servers join by commas."""
    if not host or "," in host:
        raise HostInvalid
    return host


def require_no_choice(*, parameters: Iterable[str], headers: Iterable[str]) -> None:
    """Raise TenantNotChosen when a parameter or a header looks as if it could name a tenant."""
    found = sorted(PARAMETERS.intersection(parameters)) or sorted(HEADERS.intersection(map(str.lower, headers)))
    if found:
        raise TenantNotChosen(details={"name": found[0]})
