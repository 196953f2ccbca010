"""The how-to on evaluating: its files are read, its scorers score, its command ends as it says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from django.core.management import call_command

from tests.evaluations import Lab
from tests.workbench import Bench
from workflows.evals.scorers.registry import checked, scorers
from workflows.evals.sheets import read_cases
from workflows.models import Run

PAGE = (Path(__file__).resolve().parents[2] / "docs/howto/evaluate.md").read_text()


def block(kind: str) -> str:
    found = re.search(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def test_both_files_hold_the_same_cases() -> None:
    cases = read_cases(block("jsonl"), "jsonl")
    assert [case["name"] for case in cases] == ["short", "long"]
    assert read_cases(block("csv"), "csv") == cases


def test_the_command_judges_by_the_cases_and_scorers_of_the_page(bench: Bench) -> None:
    from workflows.actions.datasets import import_cases

    lab = Lab(bench, scorers=json.loads(block("json")))
    with bench.inside():
        import_cases(actor=lab.actor(), data_set=lab.data_set, text=block("csv"), form="csv")
    command, *arguments = shlex.split(block("bash"))[2:]
    call_command(command, *arguments)
    with bench.inside():
        assert Run.objects.filter(status="completed").count() == 4


def test_every_scorer_and_way_to_replay_is_on_the_page() -> None:
    for name in (*(scorer.type for scorer in scorers()), *Run.Replay.values):
        assert f"| `{name}` |" in PAGE
    assert len(checked(json.loads(block("json")))) == 2
