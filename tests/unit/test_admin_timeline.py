"""Every event is told in a sentence, and none breaks the page."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nexod.kernel import events
from workflows.admin.timeline import LONGEST_DETAIL, TELLERS, told
from workflows.models import RunEvent

AT = datetime(2026, 1, 1, tzinfo=UTC)
REASON = events.Reason(code="model_unavailable", message="The model is down.")


def line(event: events.Event, titles: dict[str, str] | None = None):
    return told(RunEvent(seq=1, at=AT, type=event.type, data=event.data()), titles or {})


def test_every_event_type_has_a_sentence():
    assert set(TELLERS) == set(events.REGISTRY)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (
            events.RunCreated(kind="workflow", target="Briefing", actor="a@b.test"),
            "Run of Briefing asked for by a@b.test",
        ),
        (events.RunStarted(attempt=2), "A worker took the run (attempt 2)"),
        (events.RunWaiting(waiting_for="approval"), "Waiting for approval"),
        (events.StepStarted(node="draft", step="s", node_type="crew", visit=2), "Write started (visit 2)"),
        (events.StepCompleted(node="draft", step="s", route="show"), "Write done → show"),
        (
            events.StepRetried(node="draft", step="s", attempt=2, delay_s=4, reason=REASON),
            "Write is tried again in 4.0 s (attempt 2)",
        ),
        (events.StepStarted(node="draft", step="s", node_type="crew", attempt=2), "Write started (attempt 2)"),
        (events.StepFailed(node="draft", step="s", reason=REASON, handled=True), "Write failed, and the run goes on"),
        (events.RunCompensating(cause="cancelled", nodes=["a"]), "The run was cancelled; what it did is undone"),
        (events.RunCompensated(undone=["a", "b"], not_undone=[]), "2 of 2 undone"),
        (events.RunRetried(actor="a@b.test", nodes=["a"]), "Changed before it goes on by a@b.test"),
        (events.KnowledgeRetrieved(node="draft", step="s", query="q", chunks=1), "1 passage found"),
        (events.AgentStarted(node="draft", step="s", agent="Writer", task="write"), "Writer begins write"),
        (
            events.ModelCalled(
                node="draft", step="s", model="m", tokens_in=1200, tokens_out=30, seconds=2, agent="Writer"
            ),
            "Writer asked m: 1,200 → 30 tokens in 2.0 s",
        ),
        (events.AgentThought(node="draft", step="s", agent="Writer", text="So."), "Writer thinks"),
        (
            events.AgentDelegated(node="draft", step="s", agent="Chief", to="Writer", text="Write."),
            "Chief hands work to Writer",
        ),
        (events.CrewPlanned(node="draft", step="s", agent="Chief", text="First find."), "Chief planned the work"),
        (
            events.GuardrailRefused(
                node="draft", step="s", agent="Writer", task="write", guardrail="words", text="Too long.", attempt=2
            ),
            "The result of write is refused (try 2): it is done again",
        ),
        (events.ToolCalled(node="draft", step="s", call="1", tool="search", agent="Writer"), "Writer uses search"),
        (events.ToolReturned(node="draft", step="s", call="1", tool="search", seconds=2), "search answered in 2.0 s"),
        (events.ToolFailed(node="draft", step="s", call="1", tool="search", reason=REASON), "search gave an error"),
        (
            events.ModelFellBack(node="draft", step="s", model="big", to="small", reason=REASON),
            "small is asked instead of big",
        ),
        (
            events.BudgetExceeded(node="draft", step="s", budget="b", name="July", limit=5, used=5, wanted=1),
            "Budget July is exhausted: the call was not made",
        ),
        (
            events.ApprovalDecided(node="draft", step="s", approval="a", decision="request_changes", actor="x@y.test"),
            "Changes requested by x@y.test",
        ),
        (
            events.ApprovalVoted(
                node="draft",
                step="s",
                approval="a",
                decision="approve",
                actor="x@y.test",
                for_user="z@y.test",
                approved=1,
                needed=2,
            ),
            "Approved by x@y.test for z@y.test: 1 of 2",
        ),
        (
            events.ApprovalReminded(node="draft", step="s", approval="a", times=2),
            "Those who may decide were reminded (time 2)",
        ),
        (
            events.ApprovalEscalated(node="draft", step="s", approval="a", level=1, to={"roles": ["owner"]}, move=True),
            "Others decide now",
        ),
        (
            events.ArtifactCreated(
                node="draft", step="s", artifact="a", name="b.md", media_type="text/markdown", bytes=1500
            ),
            "Artifact made: b.md",
        ),
    ],
)
def test_events_are_told_in_sentences(event: events.Event, text: str):
    assert line(event, {"draft": "Write"}).text == text


def test_a_failure_tells_its_reason():
    told_ = line(events.StepFailed(node="draft", step="s", reason=REASON))
    assert (told_.tone, told_.detail) == ("bad", "The model is down.")


def test_what_was_not_undone_and_what_was_changed_is_told():
    left = events.NotUndone(node="pay", step="s", reason=REASON)
    told_ = line(events.RunCompensated(undone=["a"], not_undone=[left]))
    assert (told_.tone, told_.detail) == ("bad", "Not undone: pay (The model is down.)")
    changed = line(events.RunRetried(actor="x", nodes=["b", "c"], inputs={}, outputs={"a": {"text": "old"}}))
    assert changed.detail == "Done anew: b, c · Changed: the inputs, what a gave"


def test_an_unknown_type_is_shown_by_its_name():
    assert told(RunEvent(seq=1, at=AT, type="new.kind", data={}), {}).text == "new.kind"


def test_the_beginning_of_a_json_answer_is_readable():
    said = '{"title": "Tides", "sections": [{"heading": "Moon"'
    shown = line(events.AgentFinished(node="draft", step="s", agent="Writer", text=said)).detail
    assert shown == "title: Tides, sections: heading: Moon"


def test_a_long_detail_is_cut():
    shown = line(events.AgentFinished(node="draft", step="s", agent="Writer", text="x" * 5000)).detail
    assert len(shown) == LONGEST_DETAIL + 1


def test_a_cancelled_run_and_totals_are_told():
    totals = events.Totals(tokens_in=1000, tokens_out=500, seconds=3, cost_usd=0.25)
    assert line(events.RunCompleted(totals=totals)).detail == "3.0 s · 1,500 tokens · $0.2500"
    assert line(events.RunCancelled()).tone == "quiet"
