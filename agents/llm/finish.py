"""Why an answer ended, in one set of words for all providers: stop, length, tool_calls, content_filter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEYS = ("finish_reason", "stop_reason", "stopReason", "done_reason")
WORDS = {
    "stop": "stop end_turn stop_sequence eos pause_turn load",
    "length": "length max_tokens model_length model_context_window_exceeded",
    "tool_calls": "tool_calls tool_use function_call",
    "content_filter": (
        "content_filter content_filtered refusal guardrail_intervened safety recitation language blocklist"
        " prohibited_content spii image_safety"
    ),
}
_OURS = {theirs: ours for ours, words in WORDS.items() for theirs in words.split()}
# The provider says that something went wrong in the middle: that is no end.
CUT = frozenset({"error", "malformed_function_call", "other", "finish_reason_unspecified"})


def finish_in(metadata: Mapping[str, Any]) -> str:
    """Return our word for the end that a chunk tells of, a word of theirs that we do not know, or nothing."""
    for key in KEYS:
        if isinstance(theirs := metadata.get(key), str) and theirs:
            word = theirs.lower()
            return "" if word in CUT else _OURS.get(word, word)
    return ""
