"""How senders sign what they send: one function per scheme, which returns the id of what arrived. It compares in constant time.

Sources: standardwebhooks.com; docs.github.com "Validating webhook deliveries"; docs.slack.dev "Verifying requests from Slack";
docs.stripe.com "Verify webhook signatures".
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nexod.kernel import standard_webhooks
from nexod.kernel.errors import NotAuthenticated

STANDARD = "standard"
LONGEST_ID = 150


class SignatureRefused(NotAuthenticated):
    """The signature is missing, wrong or too old."""

    code = "signature_refused"


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came: header names in lower case, the body as it was, and when, in seconds since 1970."""

    headers: Mapping[str, str]
    body: bytes
    now: float
    tolerance_s: int

    def header(self, name: str) -> str:
        """Return a header; raise SignatureRefused when it is missing."""
        found = self.headers.get(name, "")
        if not found:
            raise SignatureRefused(f"The header {name} is missing.")
        return found

    def fresh(self, timestamp: str) -> str:
        """Return the timestamp; raise SignatureRefused when it is none, too old, or too far ahead."""
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
            raise SignatureRefused("The timestamp is not in seconds since 1970.")
        if abs(self.now - int(timestamp)) > self.tolerance_s:
            raise SignatureRefused(f"The timestamp is not within {self.tolerance_s} seconds of now.")
        return timestamp

    def json(self) -> Any:
        """Return the body as JSON, or None."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class Scheme:
    """``verify(secrets, arrival)`` returns the id of the event, or raises SignatureRefused."""

    title: str
    verify: Callable[[Sequence[str], Arrival], str]
    makes_secret: bool
    """Whether the secret is made here; otherwise the sender says what it is."""


def _standard(secrets: Sequence[str], arrival: Arrival) -> str:
    id_, timestamp = arrival.header(standard_webhooks.ID), arrival.fresh(arrival.header(standard_webhooks.TIMESTAMP))
    given = arrival.header(standard_webhooks.SIGNATURE)
    if not standard_webhooks.is_signed(secrets, id_=id_, timestamp=timestamp, body=arrival.body, given=given):
        raise SignatureRefused
    return id_


def _github(secrets: Sequence[str], arrival: Arrival) -> str:
    """The header with the delivery's id is not signed, so the signature itself tells one body from another."""
    given = arrival.header("x-hub-signature-256")
    _require_one_of([f"sha256={digest}" for digest in _digests(secrets, arrival.body)], [given])
    return hashlib.sha256(arrival.body).hexdigest()


def _slack(secrets: Sequence[str], arrival: Arrival) -> str:
    timestamp = arrival.fresh(arrival.header("x-slack-request-timestamp"))
    signed = b"v0:%s:%s" % (timestamp.encode(), arrival.body)
    given = arrival.header("x-slack-signature")
    _require_one_of([f"v0={digest}" for digest in _digests(secrets, signed)], [given])
    return _id_in_body(arrival, "event_id", given)


def _stripe(secrets: Sequence[str], arrival: Arrival) -> str:
    parts = [part.strip().partition("=") for part in arrival.header("stripe-signature").split(",")[:20]]
    timestamp = arrival.fresh(next((value for name, _, value in parts if name == "t"), ""))
    given = [value for name, _, value in parts if name == "v1"]
    _require_one_of(_digests(secrets, b"%s.%s" % (timestamp.encode(), arrival.body)), given)
    return _id_in_body(arrival, "id", given[0])


def _digests(secrets: Sequence[str], signed: bytes) -> list[str]:
    return [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]


def _require_one_of(wanted: Sequence[str], given: Sequence[str]) -> None:
    pairs = [(one.encode(), other.encode()) for one in wanted for other in given]
    if not any([hmac.compare_digest(one, other) for one, other in pairs]):  # noqa: C419  as long for each
        raise SignatureRefused


def _id_in_body(arrival: Arrival, name: str, otherwise: str) -> str:
    body = arrival.json()
    found = body.get(name) if isinstance(body, dict) else None
    return found if isinstance(found, str) and found else otherwise


SCHEMES: dict[str, Scheme] = {
    STANDARD: Scheme("Standard Webhooks", _standard, makes_secret=True),
    "github": Scheme("GitHub", _github, makes_secret=True),
    "slack": Scheme("Slack", _slack, makes_secret=False),
    "stripe": Scheme("Stripe", _stripe, makes_secret=False),
}


def verified_id(scheme: str, secrets: Sequence[str], arrival: Arrival) -> str:
    """Return the id of what arrived, short enough to keep; raise SignatureRefused."""
    found = SCHEMES[scheme].verify(secrets, arrival)
    return found if len(found) <= LONGEST_ID else hashlib.sha256(found.encode()).hexdigest()
