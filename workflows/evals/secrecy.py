"""What a case must not hold: keys, passwords and tokens, by their names, by their form, and the tenant's own by their value."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from nexod.kernel.secrets import SecretUnreadable, decrypt
from nexod.observability.redaction import HIDDEN, without_secrets
from tenants.context import current_tenant

MAX_LEVELS = 60
SHORTEST = 8
_NAMES = re.compile(
    r"^(?:.*[-_ ])?(?:authori[sz]ation|cookie|api[-_ ]?key|passw(?:or)?d|passphrase|secret|credentials?"
    r"|private[-_ ]?key|(?:access|refresh|auth|bearer|session|id)[-_ ]?token)$",
    re.IGNORECASE,
)


class Censor:
    """Takes secrets out of JSON values; ``known`` are texts that are secret wherever they stand."""

    def __init__(self, known: Collection[str] = ()) -> None:
        found = sorted((re.escape(text) for text in known if len(text) >= SHORTEST), key=len, reverse=True)
        self._known = re.compile("|".join(found)) if found else None

    def clean(self, value: Any, *, sure: bool = True, level: int = 0) -> Any:
        """Return a copy without secrets; ``sure`` False takes out what only may be one, for what is only read by people."""
        if isinstance(value, str):
            return self._text(value, sure)
        if level > MAX_LEVELS or value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, dict):
            return {
                name: HIDDEN
                if isinstance(item, str) and item and _NAMES.match(str(name))
                else self.clean(item, sure=sure, level=level + 1)
                for name, item in value.items()
            }
        return [self.clean(item, sure=sure, level=level + 1) for item in value]

    def _text(self, text: str, sure: bool) -> str:
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        return without_secrets(text, sure=sure)


def tenant_censor() -> Censor:
    """Return a censor that knows the keys of the tenant's model connections."""
    from agents.models import ModelConnection

    known = []
    for token in ModelConnection.objects.exclude(encrypted_key="").values_list("encrypted_key", flat=True):
        try:
            known.append(decrypt(token, bound_to=current_tenant().schema_name))
        except SecretUnreadable:
            continue
    return Censor(known)
