"""``manage.py eval``: does the work itself where there is no worker, shows a table, and its exit code says how it went."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.evaluations import Lab, doubling
from tests.integration.test_case_replay import Scene, sink, work
from tests.integration.test_runs_models import model
from tests.model_server import ModelServer
from tests.sink import Sink
from tests.workbench import Bench

__all__ = ["model", "sink"]


@pytest.fixture
def lab(bench: Bench) -> Lab:
    lab = Lab(bench)
    lab.case("one", {"n": 1}, {"twice": 2})
    lab.case("two [bold]", {"n": 2}, {"twice": 4})
    return lab


def evaluated(*arguments: str, tenant: str = "acme", data_set: str = "doubles") -> tuple[int, str]:
    """Return exit code and output."""
    out, code = StringIO(), 0
    try:
        call_command("eval", "--tenant", tenant, "--dataset", data_set, *arguments, stdout=out)
    except SystemExit as ended:
        code = int(str(ended.code))
    except CommandError as error:
        return error.returncode, str(error)
    return code, out.getvalue()


def test_every_case_passes(lab: Lab) -> None:
    code, told = evaluated()
    assert code == 0
    assert "Draft" in told
    assert "2/2" in told
    assert "two [bold]" in told
    assert told.strip().endswith("Passed")


def test_a_worse_draft_is_told_and_not_passed(lab: Lab) -> None:
    lab.draft(doubling(3))
    code, told = evaluated("--version", "draft", "--against", "1")
    assert code == 1
    assert "twice is 3, not 2" in told
    assert "Version 1 against Draft: 2 won, 0 lost, 0 the same" in told
    assert told.strip().endswith("Not passed")


def test_a_minimum_score_is_enough(lab: Lab) -> None:
    lab.case("wrong", {"n": 1}, {"twice": 9})
    assert evaluated()[0] == 1
    assert evaluated("--min-score", "0.6")[0] == 0
    assert evaluated("--min-score", "0.7")[0] == 1


def test_json_is_for_programs(lab: Lab) -> None:
    code, told = evaluated("--json", "--repeats", "2", "--against", "1")
    found = json.loads(told)
    assert (code, found["passed"], found["status"]) == (0, True, "completed")
    assert [(one["version"], one["passed"], one["trials"], one["score"]) for one in found["versions"]] == [
        ("Draft", 4, 4, 1.0),
        ("Version 1", 4, 4, 1.0),
    ]
    assert found["duels"][0]["ties"] == 2


def test_a_replay_is_offline_and_shows_what_changed(bench: Bench, model: ModelServer, sink: Sink) -> None:
    scene = Scene(bench, model, sink)
    home = scene.case.data_set.slug
    assert evaluated("--replay", data_set=home)[0] == 0
    scene.draft(work(sink, prompt="Another"))
    code, told = evaluated("--replay", data_set=home)
    assert code == 1
    assert "+Another" in told
    assert scene.went_out == (0, 0)


@pytest.mark.parametrize(
    "wrong",
    [{"tenant": "nobody"}, {"data_set": "none"}, {"tenant": "globex"}],
    ids=["tenant", "data set", "another tenant's"],
)
def test_what_is_not_there_is_said(lab: Lab, wrong: Any) -> None:
    code, told = evaluated(**wrong)
    assert code == 2
    assert told.startswith("There is no")


def test_a_version_that_is_not_there_is_said(lab: Lab) -> None:
    assert evaluated("--version", "7") == (2, "The workflow 'Doubling' has no version 7.")


def test_an_evaluation_that_waits_for_a_person_is_given_up_and_cancelled(bench: Bench) -> None:
    from tests.workbench import ask, definition, output
    from workflows.models import Evaluation

    lab = Lab(bench, definition([ask("gate"), output()]))
    lab.case("one", {})
    code, told = evaluated("--timeout", "1")
    assert code == 2
    assert "wait for a person" in told
    with bench.inside():
        assert Evaluation.objects.get().cancel_requested
