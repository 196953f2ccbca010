"""Takes secrets out of whatever is about to leave the process as a log line or a report. Pure; never raises."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[hidden]"
CONTENT = "[content]"
TEXT_LIMIT = 8_000
DEPTH_LIMIT = 6

_SECRET_NAME = re.compile(
    r"authori[sz]ation|cookie|api[-_ ]?key|passw(?:or)?d|passphrase|secret|credential|private[-_]?key"
    r"|csrf|session[-_]?(?:id|key)|signature|(?:^|[-_])token$|(?:^|[-_])dsn$|^(?:database|redis|broker)\w*url$",
    re.IGNORECASE,
)
# What people and models say to each other is theirs; a log names it and shows none of it.
_CONTENT_NAME = re.compile(
    r"^(?:prompts?|messages|completion|(?:request_|response_)?body|inputs|outputs)$", re.IGNORECASE
)
# What has a secret's own form, wherever it stands.
_SURE = (
    (re.compile(r"\b(Bearer)\s+(?=[^\s\d]*\d)[A-Za-z0-9._~+/=-]{12,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"\b(?:nxd_|sk-|sk_|pk_|pcsk_|gh[pousr]_|xox[abp]-)[A-Za-z0-9_-]{8,}"), HIDDEN),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"), HIDDEN),
    (re.compile(r"(\w://[^\s:/@]*:)[^\s/@]+@"), rf"\1{HIDDEN}@"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), HIDDEN),
)
_SECRET_TEXT = (
    (re.compile(r"\b(Bearer|Basic|Token)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    *_SURE,
    (
        re.compile(
            r"\b([\w-]*(?:password|passwd|secret|api[-_]?key|token|sessionid))"
            r"((?:[\"']?\s*[:=]\s*)[\"']?)(?!\[hidden\])[^\s\"',;&}]+",
            re.IGNORECASE,
        ),
        rf"\1\2{HIDDEN}",
    ),
)

# Most texts hold none of these; one look is cheaper than six.
_SUSPICIOUS = re.compile(
    r"://|bearer|basic|token|password|passwd|secret|api[-_]?key|sessionid|nxd_|[sp]k[-_]|pcsk_|gh[pousr]_|xox[abp]-|eyJ|-----BEGIN",
    re.IGNORECASE,
)
_HEXADECIMAL = re.compile(r"[0-9a-f-]{1,64}\Z")


def redact_text(text: str) -> str:
    """Return ``text`` without what looks like a key, a password or a token, cut to TEXT_LIMIT characters."""
    if len(text) > TEXT_LIMIT:
        # The end tells more than the beginning: a traceback's last lines say what happened.
        text = f"{text[: TEXT_LIMIT // 4]} … ({len(text)} characters) … {text[-TEXT_LIMIT * 3 // 4 :]}"
    return without_secrets(text)


def without_secrets(text: str, *, sure: bool = False) -> str:
    """Return ``text``, however long, without what looks like a key, a password or a token.

    ``sure``: only what has a secret's own form; what merely follows a word like "password" stays.
    """
    if _HEXADECIMAL.match(text) or not _SUSPICIOUS.search(text):
        return text
    for pattern, replacement in _SURE if sure else _SECRET_TEXT:
        text = pattern.sub(replacement, text)
    return text


def redact(value: Any, *, depth: int = 0) -> Any:
    """Return a copy of ``value`` (JSON-like) in which secret names lost their values and texts are redacted."""
    if isinstance(value, str):
        return redact_text(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth >= DEPTH_LIMIT:
        return f"<{type(value).__name__}>"
    if isinstance(value, Mapping):
        return {str(name): _named(str(name), item, depth + 1) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item, depth=depth + 1) for item in value]
    return redact_text(str(value))


def _named(name: str, value: Any, depth: int) -> Any:
    if _SECRET_NAME.search(name):
        return HIDDEN
    if _CONTENT_NAME.match(name):
        return CONTENT
    return redact(value, depth=depth)
