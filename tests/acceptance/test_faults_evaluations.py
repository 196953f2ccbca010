"""kill -9 of the workers in the middle of an evaluation: another one goes on, and every case was run once."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.evaluations import Lab
from tests.faults import Start, log, start, until
from tests.probe import probe
from tests.workbench import Bench, definition, output

__all__ = ["log", "start"]
CASES = 8


def test_an_evaluation_survives_its_workers(bench: Bench, start: Start, log: Any) -> None:
    from workflows.models import Evaluation, Run

    work = definition([probe("work", log=str(log), seconds=0.4), output(x="done")])
    lab = Lab(bench, work)
    for number in range(CASES):
        lab.case(f"case {number}", {"topic": str(number)}, {"x": "done"})
    first = start(lease_s=1, threads=3)
    begun = lab.started(concurrency=3)
    until(lambda: len(log.read_text().splitlines()) >= 3, "some cases are at work")
    first.kill()
    start(lease_s=1, threads=3)
    until(lambda: lab.evaluation(begun.pk).is_over, "the evaluation is over", seconds=60)
    assert lab.evaluation(begun.pk).status == Evaluation.Status.COMPLETED
    assert Counter(trial.status for trial in lab.trials(begun)) == {"passed": CASES}
    with bench.inside():
        runs = Run.objects.filter(evaluation=begun)
        assert runs.count() == CASES
        assert set(runs.values_list("status", flat=True)) == {"completed"}
    assert bench.ticket(begun.pk).state == "done"
