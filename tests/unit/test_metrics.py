"""Labels stay bounded, and what the workers counted adds up."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY, generate_latest

from nexod.kernel import events
from nexod.observability import work
from nexod.observability.metrics import BoundedLabel, observe_request


@pytest.fixture(autouse=True)
def nothing_pending(monkeypatch: pytest.MonkeyPatch) -> None:
    work._pending.clear()
    monkeypatch.setattr(work, "FLUSH_EVERY_S", 3600.0)


def pending(family: str) -> dict[tuple[str, ...], float]:
    split = {tuple(field.split("\x1f")): amount for field, amount in work._pending.items()}
    return {labels: amount for (name, *rest), amount in split.items() if name == family for labels in [tuple(rest)]}


def test_a_label_stops_growing() -> None:
    label = BoundedLabel(2)
    assert [label(value) for value in ("a", "b", "c", "a", "d")] == ["a", "b", "other", "a", "other"]


def test_an_invented_method_gets_no_series_of_its_own() -> None:
    observe_request("BREW", "/tea", 405, 0.01)
    text = generate_latest(REGISTRY).decode()
    assert 'route="/tea"' in text
    assert "BREW" not in text


def test_a_model_call_counts_calls_tokens_seconds_and_cost() -> None:
    told = events.ModelCalled(node="a", step="s", model="m", tokens_in=10, tokens_out=4, cost_usd=0.5, seconds=2)
    work.observe(told, tenant=3)
    assert pending("nexod_model_calls") == {("answered", "3"): 1}
    assert pending("nexod_model_tokens") == {("in", "3"): 10, ("out", "3"): 4}
    assert pending("nexod_model_cost_usd") == {("3",): 0.5}
    assert pending("nexod_model_seconds") == {("3",): 2}


@pytest.mark.parametrize(
    ("event", "family", "labels"),
    [
        (events.RunCreated(kind="workflow", target="Briefing"), "nexod_runs", ("created", "3")),
        (events.RunCompleted(), "nexod_runs", ("completed", "3")),
        (events.RunWaiting(waiting_for="approval"), "nexod_runs", ("waiting", "3")),
        (events.StepCompleted(node="a", step="s"), "nexod_steps", ("completed", "3")),
        (events.StepFailed(node="a", step="s", reason=events.Reason(code="x", message="y")), "nexod_steps", ("failed", "3")),
    ],
)  # fmt: skip
def test_runs_and_steps_count_by_status(event: events.Event, family: str, labels: tuple[str, ...]) -> None:
    work.observe(event, tenant=3)
    assert pending(family) == {labels: 1}


def test_what_is_no_end_of_anything_counts_nothing() -> None:
    work.observe(events.StepStarted(node="a", step="s", node_type="llm"), tenant=3)
    work.observe(events.RunCancelRequested(), tenant=3)
    assert not work._pending


def test_wrong_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="nexod_runs has the labels"):
        work.count("nexod_runs", 1, "completed")


def test_late_tenants_share_a_label_so_that_the_sum_never_falls() -> None:
    totals = {
        "nexod_runs\x1fcompleted\x1f7": 2.0,
        "nexod_runs\x1fcompleted\x1f5000": 3.0,
        "nexod_runs\x1fcompleted\x1f6000": 4.0,
    }
    (family,) = [found for found in work._families(totals) if found.name == "nexod_runs"]
    assert {sample.labels["tenant"]: sample.value for sample in family.samples} == {"7": 2.0, "other": 7.0}


def test_a_field_of_another_version_is_ignored() -> None:
    assert all(
        not family.samples for family in work._families({"nexod_gone\x1fa": 1.0, "nexod_runs\x1fcompleted": 1.0})
    )
