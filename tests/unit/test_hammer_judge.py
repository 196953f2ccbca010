"""What the hammer's judge counts as a leak, as an anomaly, and as good; and when the report says that nothing was proven."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.hammer import faults, report
from tests.hammer.judge import Judge
from tests.hammer.marks import mark, numbers
from tests.hammer.resident import Resident
from tests.hammer.sweeps import logs

OURS = Resident(7, "t_00000000a7", 1, "key", "cookie")
THEIRS = Resident(8, "t_00000000b8", 2, "key", "cookie")


@pytest.fixture
def judge() -> Judge:
    return Judge([OURS, THEIRS])


@pytest.mark.parametrize("text", [mark(8), mark(8).upper(), mark(8).encode().hex(), f"ü{mark(8)}"])
def test_a_mark_is_found_in_any_form(text: str) -> None:
    assert numbers(text) == {8}


@pytest.mark.parametrize("text", [f"{OURS.mark} {THEIRS.mark}", f"{OURS.mark} nexod_1a2b_{THEIRS.schema}"])
def test_what_is_anothers_is_a_leak(judge: Judge, text: str) -> None:
    judge.read("http", 7, text, "GET /")
    assert (judge.leak_count, judge.leaks[0].of, judge.tallies["http"].good) == (1, 8, 0)


def test_an_empty_answer_is_no_good_answer(judge: Judge) -> None:
    judge.read("http", 7, "[]", "GET /")
    assert (judge.leak_count, judge.tallies["http"].good) == (0, 0)
    assert judge.tallies["http"].failed == {"nothing of its own: GET /": 1}


def test_a_log_line_bound_to_another_tenant_is_a_leak(judge: Judge, tmp_path: Path) -> None:
    lines = [{"request_id": f"{OURS.mark}-1", "tenant": tenant.schema, "event": "request"} for tenant in (OURS, THEIRS)]
    log = tmp_path / "log"
    log.write_text("\n".join([json.dumps(line) for line in lines] + ["not json", "{}"]))
    logs.sweep(judge, [log])
    assert (judge.leak_count, judge.tallies[logs.NAME].good) == (1, 1)


def test_a_hammer_that_hit_everything_has_nothing_to_complain_of(judge: Judge) -> None:
    _hit_everything(judge)
    assert report.complaints(judge) == []
    assert list(report.lines(judge, []))[-1] == f"hammer: {len(report.EXPECTED)} requests, 0 leaks"


def test_a_kind_that_did_nothing_proves_nothing(judge: Judge) -> None:
    _hit_everything(judge)
    judge.tallies["engine"].good = 0
    assert report.complaints(judge) == ["engine: nothing good came of it"]


def test_a_fault_that_did_not_happen_proves_nothing(judge: Judge) -> None:
    _hit_everything(judge)
    judge.faults.clear()
    assert report.complaints(judge) == [f"{faults.KILLED}: none", f"{faults.EXHAUSTED}: none"]


def test_too_many_failures_prove_nothing(judge: Judge) -> None:
    _hit_everything(judge)
    judge.fail("http sync", "500")
    judge.fail("http sync", "500")
    assert report.complaints(judge) == [f"2 of {len(report.EXPECTED)} requests failed"]


def _hit_everything(judge: Judge) -> None:
    for kind in report.EXPECTED:
        judge.asked(kind)
        judge.good(kind)
    judge.faults.update([faults.KILLED, faults.EXHAUSTED])
