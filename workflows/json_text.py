"""JSON as PostgreSQL can store it: no NUL, no half surrogate pairs, no NaN."""

from __future__ import annotations

import json
import re
from typing import Any

_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
REPLACEMENT = "\ufffd"


def json_text(value: Any) -> str:
    """Return ``value`` as JSON text; characters that cannot be stored become U+FFFD.

    Raises TypeError for what is no JSON value and ValueError for NaN, infinities and values that contain themselves.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    if "\\u0000" in text:
        text = _ESCAPED_NUL.sub(rf"\1{REPLACEMENT}", text)
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def storable(value: Any) -> Any:
    """Return ``value`` as it will be when it has been stored and read again: tuples are lists, keys are strings."""
    return json.loads(json_text(value))
