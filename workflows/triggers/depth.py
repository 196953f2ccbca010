"""How many runs have started each other, carried by our own webhooks: a circle that goes round outside ends like one inside.

Every webhook that we send says so in a header that this platform signs; every webhook that comes in and carries one is as deep.
"""

from __future__ import annotations

from nexod.kernel.signing import SignatureInvalid, sign, unsign

HEADER = "nexod-depth"
_PURPOSE = "webhook-depth"
_LONGEST = 100


def told(depth: int) -> dict[str, str]:
    """Return the header that says how deep what is told of is."""
    return {HEADER: sign(str(depth), purpose=_PURPOSE, shared=True)}


def heard(header: str) -> int:
    """Return how deep the sender says that it is; 0 for what was not signed here."""
    if not header or len(header) > _LONGEST:
        return 0
    try:
        return int(unsign(header, purpose=_PURPOSE, shared=True))
    except SignatureInvalid:
        return 0
