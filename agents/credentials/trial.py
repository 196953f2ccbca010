"""A look at whether a service takes a credential: one GET to one of its own hosts. Of the answer only its status is told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from agents.credentials.carrying import carrying, usable
from agents.credentials.errors import CredentialMissing
from agents.models import Credential
from nexod.kernel.errors import InvalidInput, NexodError
from nexod.kernel.outgoing.carried import Carried
from nexod.kernel.outgoing.errors import HttpRequestInvalid
from nexod.kernel.outgoing.request import prepared, send
from nexod.kernel.run_port import NotPerformed, Unusable

TIMEOUT_S = 10
ANY = list(range(200, 401)) + list(range(402, 600))
"""Every status but 401 is an answer here: the former secret is tried only where the new one is refused."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it; ``ok``: the service took the credential. ``code`` and ``problem`` say what is wrong."""

    ok: bool
    status: int
    latency_ms: float
    code: str = ""
    problem: str = ""
    former_used: bool = False


def tried(credential: Credential, url: str) -> Trial:
    """Return what came of a GET with the credential; raise InvalidInput for an address that it is not sent to."""
    try:
        request = prepared("GET", url, query={}, headers={}, body=None)
        usable(credential.slug, request.url)
    except (HttpRequestInvalid, InvalidInput) as error:
        raise InvalidInput(error.message, details=[{"field": "url", "message": error.message}]) from error
    except CredentialMissing as error:
        return Trial(False, 0, 0.0, error.code, error.message)
    began = time.monotonic()
    sent: list[Carried] = []

    def ways() -> Iterator[Carried]:
        for carried in carrying(credential.slug, request.url):
            sent.append(carried)
            yield carried

    try:
        status = int(send(request, {"timeout_s": TIMEOUT_S, "expect": ANY}, "", carrying=ways())["status"])
    except (NotPerformed, Unusable) as told:
        return _failed(told.reason, began)
    except NexodError as error:
        return _failed(error, began)
    former = len(sent) > 1 and credential.kind != Credential.Kind.OAUTH2
    code, problem = _found(status, former)
    return Trial(not code, status, _ms(began), code, problem, former)


def _found(status: int, former: bool) -> tuple[str, str]:
    if status == 403:
        return "forbidden", "The service knows who asks, or does not say, and refuses this address (403)."
    if status >= 500:
        return "unavailable", f"The service is out of order ({status}); it says nothing about the credential."
    if 300 <= status < 400:
        return "redirected", f"The service leads elsewhere ({status}); nothing was sent there."
    if former:
        return "former", "The new secret is refused; the former one is still taken. Rotate again before it ends."
    return ("not_found", "There is nothing at this address (404).") if status == 404 else ("", "")


def _failed(reason: NexodError, began: float) -> Trial:
    details = reason.details if isinstance(reason.details, dict) else {}
    status = int(details.get("status") or 0)
    if status == 401:
        return Trial(False, status, _ms(began), "refused", "The service refuses the credential (401).")
    return Trial(False, status, _ms(began), reason.code, reason.message)


def _ms(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 1)
