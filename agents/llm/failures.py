"""What HTTP, the providers' packages and LangChain raise, told as our errors. Imported only after a call has failed."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import httpx

from agents.llm import errors
from agents.llm.endpoint import Endpoint
from agents.llm.providers import PROVIDERS
from agents.llm.refusals import ProviderRefused
from nexod.kernel.egress import ResponseTooLarge
from nexod.kernel.errors import AddressRefused, NexodError

# What LangChain and the packages raise when an answer is not of the protocol: they read it without looking.
GARBAGE = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError)
BENEATH = (NexodError, ProviderRefused, httpx.HTTPError)

_BY_STATUS = {
    401: errors.ModelRefused,
    402: errors.ModelRefused,
    403: errors.ModelRefused,
    404: errors.ModelUnknown,
    408: errors.ModelTimeout,
    413: errors.PromptTooLong,
    429: errors.ModelRateLimited,
}
_TOO_LONG = re.compile(
    r"context.{0,20}(length|window|size)|too (long|many (tokens|inputs|texts))|batch.{0,20}(size|too large)"
    r"|maximum.{0,20}tokens|token count.{0,40}exceeds",
    re.IGNORECASE,
)
_BAD_KEY = re.compile(r"api key not valid|api_key_invalid|invalid api key", re.IGNORECASE)
_SECRETS = re.compile(r"\b(sk|key|pk|gsk|xai)-[\w*.-]{4,}|\bAIza[\w-]{10,}|bearer\s+\S+|https?://\S+", re.IGNORECASE)
_LONGEST_QUOTE = 300


def caught(endpoint: Endpoint) -> tuple[type[Exception], ...]:
    """Return what a call of the endpoint raises when it fails: anything else is a mistake of ours."""
    return (*BENEATH, *_theirs(endpoint), *_garbage(endpoint))


def explained(error: Exception, endpoint: Endpoint, *, began: bool) -> NexodError:
    """Return our error for what one call raised; ``began`` says that part of the answer had arrived."""
    cause = _root(error)
    if isinstance(cause, AddressRefused):
        return AddressRefused(f"{endpoint.label}: {cause.message}", details=cause.details)
    if isinstance(cause, errors.ProviderNotInstalled | errors.ModelCannot):
        return cause
    if isinstance(cause, NexodError) and not isinstance(cause, errors.ModelError | ResponseTooLarge):
        return cause
    kind = errors.ModelAnsweredGarbage if isinstance(cause, _garbage(endpoint)) else _kind(cause, began)
    return told(kind, endpoint, **_details(cause, endpoint))


def told(kind: type[errors.ModelError], endpoint: Endpoint, *, words: str = "", **details: Any) -> errors.ModelError:
    """Return the error with the connection's label in its text and details, after the provider's own ``words``."""
    text = " ".join((kind.__doc__ or "").split())
    said = f" It says: {words}" if words else ""
    known = {"connection": endpoint.label, "model": endpoint.model, **details}
    return kind(f"{endpoint.label} ({endpoint.model}): {text}{said}", details=known)


def retry_after_s(error: NexodError) -> float | None:
    """Return how long the provider asked us to wait, if it did."""
    found = error.details.get("retry_after_s") if isinstance(error.details, dict) else None
    return float(found) if found is not None else None


def _theirs(endpoint: Endpoint) -> tuple[type[Exception], ...]:
    with suppress(KeyError, ImportError):
        return PROVIDERS[endpoint.provider].errors()
    return ()


def _garbage(endpoint: Endpoint) -> tuple[type[Exception], ...]:
    with suppress(KeyError, ImportError):
        return (*GARBAGE, *PROVIDERS[endpoint.provider].garbage())
    return GARBAGE


def _root(error: Exception) -> Exception:
    """Return what lies beneath a package's error: the provider's refusal, our wish to stop, or the network's own error."""
    at: BaseException | None = error
    while at is not None:
        if isinstance(at, BENEATH):
            return at
        at = at.__cause__ or at.__context__
    return error


def _kind(error: Exception, began: bool) -> type[errors.ModelError]:
    if isinstance(error, errors.ModelError):
        return type(error)
    if isinstance(error, ResponseTooLarge):
        return errors.ModelAnswerTooLarge
    if isinstance(error, ProviderRefused):
        return _kind_of_refusal(error)
    if isinstance(error, httpx.TimeoutException):
        # A host that takes no connection is down; one that takes it and says nothing is slow.
        return errors.ModelUnavailable if isinstance(error, httpx.ConnectTimeout) else errors.ModelTimeout
    return errors.ModelStreamCut if began else errors.ModelUnavailable


def _kind_of_refusal(error: ProviderRefused) -> type[errors.ModelError]:
    if error.code == "insufficient_quota" or (error.status == 400 and _BAD_KEY.search(f"{error.code} {error.words}")):
        return errors.ModelRefused
    if error.status >= 500:
        return errors.ModelUnavailable
    if error.status in (400, 422) and _TOO_LONG.search(error.words):
        return errors.PromptTooLong
    if 300 <= error.status < 400:
        return errors.ModelUnknown
    return _BY_STATUS.get(error.status, errors.ModelRejectedRequest)


def _details(error: Exception, endpoint: Endpoint) -> dict[str, Any]:
    if not isinstance(error, ProviderRefused):
        return {}
    details: dict[str, Any] = {"provider_status": error.status}
    if error.retry_after_s is not None:
        details["retry_after_s"] = error.retry_after_s
    # A refusal tends to quote the key; what is wrong with a request is worth reading.
    if error.status in (400, 422):
        details["words"] = _quotable(error.words, endpoint)
    return details


def _quotable(words: str, endpoint: Endpoint) -> str:
    for key in filter(None, (endpoint.api_key, endpoint.former_key)):
        words = words.replace(key, "***")
    return _SECRETS.sub("***", " ".join(words.split()))[:_LONGEST_QUOTE]
