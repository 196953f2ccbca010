"""What exactly was seen: one hash over everything that a decision is about."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from workflows.models import Approval


def digest_of(approval: Approval, proposal: str | None = None) -> str:
    """Return the SHA-256 of title, content, instructions, arguments and schema as they are, or with another content."""
    content = approval.proposal if proposal is None else proposal
    seen: list[Any] = [approval.title, content, approval.instructions, approval.arguments, approval.schema]
    text = json.dumps(seen, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def present_digest(approval: Approval) -> str:
    """Return the hash of what is to be seen now, also of what was asked before there were hashes."""
    return approval.digest or digest_of(approval)
