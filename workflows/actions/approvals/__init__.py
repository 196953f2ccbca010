"""Approvals: ask, vote, decide, hand on; the record of it all. Who may do what is in ``workflows.approvals``."""

from workflows.actions.approval_record import note, note_seen, tell_people
from workflows.actions.approvals.asking import ask
from workflows.actions.approvals.deciding import decide_approval, locked, offered
from workflows.actions.approvals.handing import claim_approval, reassign_approval, release_approval
from workflows.actions.approvals.settling import settle, tell_workspace
from workflows.approvals.people import decidable_by, deciders, may_decide

__all__ = [
    "ask",
    "claim_approval",
    "decidable_by",
    "decide_approval",
    "deciders",
    "locked",
    "may_decide",
    "note",
    "note_seen",
    "offered",
    "reassign_approval",
    "release_approval",
    "settle",
    "tell_people",
    "tell_workspace",
]
