"""How a state looks: a word, a colour and a shape, so that nobody depends on the colour."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString

TONES = {
    "pending": "quiet", "running": "busy", "processing": "busy", "waiting": "attention", "completed": "good",
    "ready": "good", "failed": "bad", "cancelled": "quiet", "decided": "good", "withdrawn": "quiet",
    "approve": "good", "edit": "good", "reject": "bad", "request_changes": "attention",
    "active": "good", "suspended": "attention", "erased": "quiet", "published": "good", "draft": "attention",
    "happened": "good", "again": "attention", "fail": "bad", "started": "busy", "unknown": "attention", "answered": "good",
    "claimed": "busy", "parked": "attention", "done": "good", "dead": "bad", "revoked": "quiet",
    "expired": "quiet", "usable": "good",
    "deduplicated": "quiet", "duplicate": "quiet", "skipped": "quiet", "refused": "bad", "delivered": "good", "fired": "good",
    "timeout": "attention", "passed": "good", "changed": "attention", "broken": "bad", "judging": "busy",
}  # fmt: skip
ICONS = {
    "pending": "radio_button_unchecked", "running": "progress_activity", "processing": "progress_activity",
    "waiting": "pause_circle", "completed": "check_circle", "ready": "check_circle", "failed": "error",
    "cancelled": "block", "decided": "check_circle", "withdrawn": "block", "approve": "check_circle",
    "edit": "edit", "reject": "cancel", "request_changes": "undo", "active": "check_circle",
    "suspended": "pause_circle", "erased": "block", "published": "check_circle", "draft": "edit_note",
    "happened": "check_circle", "again": "replay", "fail": "cancel", "started": "progress_activity", "unknown": "help",
    "answered": "how_to_reg",
    "claimed": "progress_activity", "parked": "pause_circle", "done": "check_circle", "dead": "error", "revoked": "block",
    "expired": "schedule", "usable": "check_circle",
    "deduplicated": "content_copy", "duplicate": "content_copy", "skipped": "skip_next", "refused": "cancel",
    "delivered": "check_circle", "fired": "check_circle",
    "timeout": "timer_off", "passed": "check_circle", "changed": "difference", "broken": "heart_broken",
    "judging": "progress_activity",
}  # fmt: skip
WORDS = {
    "approve": "Approved", "edit": "Edited", "reject": "Rejected", "request_changes": "Changes requested",
    "happened": "It happened", "again": "Done again", "fail": "Given up", "fired": "Started",
    "timeout": "Not decided in time",
}  # fmt: skip


def chip(state: str, *, text: str = "") -> SafeString:
    """Return the state as a small label."""
    return format_html(
        '<span class="nx-chip nx-{}"><span class="material-symbols-outlined{}" aria-hidden="true">{}</span>{}</span>',
        tone(state),
        " nx-spin" if ICONS.get(state) == "progress_activity" else "",
        ICONS.get(state, "radio_button_unchecked"),
        text or word(state),
    )


def tone(state: str) -> str:
    """Return the tone of a state: quiet, busy, attention, good or bad."""
    return TONES.get(state, "quiet")


def word(state: str) -> str:
    """Return the state as a person reads it."""
    return WORDS.get(state, state.replace("_", " ").capitalize())
