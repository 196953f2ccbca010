"""The record of an approval: who was asked, saw, decided, passed on, and when; in words, and to take away as CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from nexod.admin import states, tenant_site
from nexod.admin.actors import may
from nexod.kernel.errors import PermissionDenied
from workflows.models import Approval, ApprovalEntry

Json = dict[str, Any]
Kind = ApprovalEntry.Kind
COLUMNS = ("at", "kind", "by", "for", "round", "digest", "detail")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula; comments are other people's."""
LOOKS = {
    Kind.ASKED: ("help", "quiet", "Asked"),
    Kind.SEEN: ("visibility", "quiet", "{by} saw it"),
    Kind.VOTED: ("how_to_vote", "busy", "{by}{stead}: {decision}"),
    Kind.DECIDED: ("gavel", "good", "Decided: {decision}"),
    Kind.CLAIMED: ("front_hand", "quiet", "{by} claimed it"),
    Kind.RELEASED: ("back_hand", "quiet", "{by} released it"),
    Kind.REASSIGNED: ("forward", "quiet", "{by} passed it to {to}"),
    Kind.DELEGATED: ("swap_horiz", "quiet", "{by} decided in place of {to}"),
    Kind.REMINDED: ("notifications", "attention", "People were reminded"),
    Kind.ESCALATED: ("escalator", "attention", "More people may decide"),
    Kind.TIMED_OUT: ("alarm", "bad", "Its time was over"),
    Kind.WITHDRAWN: ("block", "quiet", "Not asked any more"),
    Kind.LINK_SENT: ("mail", "quiet", "A link went to {to}"),
    Kind.LINK_USED: ("link", "quiet", "{by} decided by the link in the e-mail"),
    Kind.RECOUNTED: ("calculate", "quiet", "Counted anew, for who may decide has changed"),
    Kind.POSTPONED: ("more_time", "quiet", "Due later, for the workspace was suspended"),
    Kind.SHORT: ("person_off", "bad", "Too few people are there to decide"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the record for people."""

    at: datetime
    icon: str
    tone: str
    words: str
    detail: str = ""


def record_of(approval: Approval) -> list[Told]:
    """Return the record in words, the newest line first."""
    return [_told(entry) for entry in _entries(approval).order_by("-id")]


@tenant_site.page("workflows/approval/<uuid:approval_id>/record.json", "approval_record_json")
def record_as_json(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Give the record as JSON, with the policy that it followed."""
    return _file(request, approval_id, "json", "application/json", _as_json)


@tenant_site.page("workflows/approval/<uuid:approval_id>/record.csv", "approval_record_csv")
def record_as_csv(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Give the record as a table."""
    return _file(request, approval_id, "csv", "text/csv; charset=utf-8", _as_csv)


def _file(
    request: HttpRequest, approval_id: UUID, ending: str, media_type: str, write: Callable[[Approval], str]
) -> HttpResponse:
    if not may(request, "workflows.view_approval"):
        raise PermissionDenied
    approval = get_object_or_404(Approval, pk=approval_id)
    response = HttpResponse(write(approval), content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="approval-{approval.pk}.{ending}"'
    response["Cache-Control"] = "no-store"
    return response


def _entries(approval: Approval) -> Any:
    return ApprovalEntry.objects.filter(approval=approval).select_related("by", "for_user")


def _told(entry: ApprovalEntry) -> Told:
    icon, tone, words = LOOKS[Kind(entry.kind)]
    names = {
        "by": str(entry.by or entry.by_email or "Nexod"),
        "to": str(entry.for_user or entry.for_email or "somebody"),
    }
    decision = str(entry.detail.get("decision", ""))
    stead = f" in place of {names['to']}" if entry.for_email else ""
    text = words.format(**names, stead=stead, decision=states.word(decision))
    tone = states.tone(decision) if entry.kind == Kind.DECIDED and decision else tone
    return Told(entry.at, icon, tone, text, str(entry.detail.get("comment", "")))


def _rows(approval: Approval) -> list[Json]:
    return [
        {
            "at": entry.at.isoformat(),
            "kind": entry.kind,
            "by": entry.by_email,
            "for": entry.for_email,
            "round": entry.round,
            "digest": entry.digest,
            "detail": entry.detail,
        }
        for entry in _entries(approval).order_by("id")
    ]


def _as_json(approval: Approval) -> str:
    about = {
        "approval": str(approval.pk),
        "title": approval.title,
        "run": str(approval.run_id),
        "status": approval.status,
        "decision": approval.decision,
        "policy": approval.policy,
        "record": _rows(approval),
    }
    return json.dumps(about, indent=2, ensure_ascii=False) + "\n"


def _as_csv(approval: Approval) -> str:
    target = io.StringIO()
    writer = csv.DictWriter(target, COLUMNS)
    writer.writeheader()
    for row in _rows(approval):
        detail = json.dumps(row["detail"], ensure_ascii=False) if row["detail"] else ""
        writer.writerow({name: _tame(str(value)) for name, value in {**row, "detail": detail}.items()})
    return target.getvalue()


def _tame(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
