"""What httpx, openai and LangChain raise, told as our errors. Imported only after a call has failed."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

import httpx
import openai

from agents.llm import errors
from agents.llm.endpoint import Endpoint
from nexod.kernel.egress import ResponseTooLarge
from nexod.kernel.errors import AddressRefused, NexodError

# What LangChain and openai raise when an answer is not of the protocol: they read it without looking.
GARBAGE = (ValueError, TypeError, KeyError, AttributeError, IndexError)
CAUGHT = (NexodError, openai.OpenAIError, httpx.HTTPError, *GARBAGE)

_BY_STATUS = {
    401: errors.ModelRefused,
    402: errors.ModelRefused,
    403: errors.ModelRefused,
    404: errors.ModelUnknown,
    408: errors.ModelTimeout,
    413: errors.PromptTooLong,
    429: errors.ModelRateLimited,
}
_TOO_LONG = re.compile(r"context.{0,20}(length|window|size)|too (long|many tokens)|maximum.{0,20}tokens", re.IGNORECASE)
_SECRETS = re.compile(r"\b(sk|key|pk|gsk|xai)-[\w*.-]{4,}|bearer\s+\S+|https?://\S+", re.IGNORECASE)
_LONGEST_QUOTE = 300


def explained(error: Exception, endpoint: Endpoint, *, began: bool) -> NexodError:
    """Return our error for what one call raised; ``began`` says that part of the answer had arrived."""
    cause = _root(error)
    if isinstance(cause, AddressRefused):
        return AddressRefused(f"{endpoint.label}: {cause.message}", details=cause.details)
    if isinstance(cause, NexodError) and not isinstance(cause, errors.ModelError | ResponseTooLarge):
        return cause
    return told(_kind(cause, began), endpoint, **_details(cause, endpoint))


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


def _root(error: Exception) -> Exception:
    """Return what lies beneath a connection error: our refusal, our wish to stop, or the network's own error."""
    while isinstance(error, openai.APIConnectionError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    return error


def _kind(error: Exception, began: bool) -> type[errors.ModelError]:
    if isinstance(error, errors.ModelError):
        return type(error)
    if isinstance(error, ResponseTooLarge):
        return errors.ModelAnswerTooLarge
    if isinstance(error, openai.APIStatusError):
        return _kind_of_status(error)
    if isinstance(error, httpx.TimeoutException | openai.APITimeoutError):
        # A host that takes no connection is down; one that takes it and says nothing is slow.
        return errors.ModelUnavailable if isinstance(error, httpx.ConnectTimeout) else errors.ModelTimeout
    if isinstance(error, (openai.APIResponseValidationError, *GARBAGE)):
        return errors.ModelAnsweredGarbage
    return errors.ModelStreamCut if began else errors.ModelUnavailable


def _kind_of_status(error: openai.APIStatusError) -> type[errors.ModelError]:
    if error.code == "insufficient_quota":
        return errors.ModelRefused
    if error.status_code >= 500:
        return errors.ModelUnavailable
    if error.status_code in (400, 422) and _TOO_LONG.search(error.message):
        return errors.PromptTooLong
    if 300 <= error.status_code < 400:
        return errors.ModelUnknown
    return _BY_STATUS.get(error.status_code, errors.ModelRejectedRequest)


def _details(error: Exception, endpoint: Endpoint) -> dict[str, Any]:
    if not isinstance(error, openai.APIStatusError):
        return {}
    details: dict[str, Any] = {"provider_status": error.status_code}
    if (wait := _retry_after(error.response.headers.get("retry-after", ""))) is not None:
        details["retry_after_s"] = wait
    # A refusal tends to quote the key; what is wrong with a request is worth reading.
    if error.status_code in (400, 422):
        details["words"] = _quotable(error.message, endpoint)
    return details


def _retry_after(value: str) -> float | None:
    """Read ``Retry-After``: seconds or an HTTP date (RFC 9110, 10.2.3)."""
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    except ValueError:
        return None


def _quotable(words: str, endpoint: Endpoint) -> str:
    if endpoint.api_key:
        words = words.replace(endpoint.api_key, "***")
    return _SECRETS.sub("***", " ".join(words.split()))[:_LONGEST_QUOTE]
