"""The hash by which a state of JSON is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def digest_of(content: Mapping[str, Any]) -> str:
    """Return the hash of an object as it is stored, whatever the order of its parts."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
