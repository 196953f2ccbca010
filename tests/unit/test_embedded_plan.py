"""What is started, what is not, and who is given which right."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from nexod.embedded import local_model, plan
from nexod.embedded.errors import NotConfigured
from nexod.embedded.home import Home
from nexod.embedded.plan import Plan, make_plan

ELSEWHERE = {
    "DATABASE_URL": "postgresql://app:secret-a@db.test:5432/nexod",
    "DATABASE_OWNER_URL": "postgresql://owner:secret-b@db.test:5432/nexod",
    "REDIS_URL": "redis://:secret-c@cache.test:6379/0",
    "NEXOD_LLM_BASE_URL": "https://llm.test/v1",
    "NEXOD_LLM_MODEL": "large",
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.prepare()
    return made


def names(made: Plan) -> list[list[str]]:
    return [[service.name for service in stage] for stage in made.stages]


def environments(made: Plan) -> dict[str, dict[str, str]]:
    return {service.name: dict(service.env) for stage in made.stages for service in stage}


@pytest.fixture
def model_runs_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_model, "missing", lambda: None)
    monkeypatch.setattr(local_model, "weights", lambda: Path("weights.gguf"))


@pytest.mark.usefixtures("model_runs_here")
def test_with_an_empty_environment_everything_is_started_stores_first(home: Home) -> None:
    made = make_plan(home, {})
    assert names(made) == [
        ["postgres", "valkey", "model"], ["migrate"], ["web"], ["worker", "worker-crews", "worker-ingest", "worker-ops"],
    ]  # fmt: skip
    assert made.elsewhere == []


def test_what_the_environment_names_is_not_started_and_said_without_its_password(home: Home) -> None:
    made = make_plan(home, ELSEWHERE)
    assert names(made)[0] == []
    said = str(made.elsewhere)
    assert all(host in said for host in ("db.test:5432", "cache.test:6379", "llm.test"))
    assert "secret" not in said


def test_a_database_without_its_owner_is_refused(home: Home) -> None:
    with pytest.raises(NotConfigured, match="DATABASE_OWNER_URL is not"):
        make_plan(home, {"DATABASE_URL": ELSEWHERE["DATABASE_URL"]})


def test_an_address_without_a_models_name_is_refused(home: Home) -> None:
    with pytest.raises(NotConfigured, match="NEXOD_LLM_MODEL is not"):
        make_plan(home, {name: value for name, value in ELSEWHERE.items() if name != "NEXOD_LLM_MODEL"})


@pytest.mark.usefixtures("model_runs_here")
def test_only_the_migration_and_the_ops_worker_know_the_owner(home: Home) -> None:
    given = {name for name, env in environments(make_plan(home, {})).items() if "DATABASE_OWNER_URL" in env}
    assert given == {"migrate", "worker-ops"}


@pytest.mark.usefixtures("model_runs_here")
def test_the_model_gets_its_key_and_no_other_secret(home: Home) -> None:
    made = make_plan(home, {"PATH": "/bin"})
    given = environments(made)["model"]
    assert given["NEXOD_LLM_API_KEY"] == made.environ["NEXOD_LLM_API_KEY"]
    assert set(given) & set(plan.ATTACHED) == {"NEXOD_LLM_API_KEY"}


def test_a_model_that_cannot_run_here_is_left_out_and_said(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_model.util, "find_spec", lambda name: None)
    made = make_plan(home, {key: value for key, value in ELSEWHERE.items() if not key.startswith("NEXOD_LLM")})
    assert made.elsewhere[-1][0] == "model"
    assert "set NEXOD_LLM_BASE_URL" in made.elsewhere[-1][1]


def test_a_model_that_the_environment_names_may_be_reached_at_a_private_address(home: Home) -> None:
    made = make_plan(
        home, ELSEWHERE | {"NEXOD_LLM_BASE_URL": "http://10.0.0.5:8080/v1", "NEXOD_EGRESS_ALLOW": "a.test:1"}
    )
    assert made.environ["NEXOD_EGRESS_ALLOW"] == "a.test:1,10.0.0.5:8080"


@pytest.mark.usefixtures("model_runs_here")
def test_ports_and_keys_stay_the_same_from_start_to_start(home: Home) -> None:
    first, second = make_plan(home, {}), make_plan(home, {})
    assert {name: first.environ[name] for name in plan.ATTACHED} == {
        name: second.environ[name] for name in plan.ATTACHED
    }


def test_what_is_published_is_for_the_owner_only_and_goes_away(home: Home) -> None:
    made = make_plan(home, ELSEWHERE)
    made.publish()
    assert stat.S_IMODE(home.services_file.stat().st_mode) == 0o600
    assert json.loads(home.services_file.read_text())["base_url"] == made.base_url
    made.withdraw()
    assert not home.services_file.exists()


def test_documents_are_read_behind_all_others(tmp_path):
    from nexod.embedded.application import WORKERS, worker
    from nexod.embedded.home import Home

    (kind,) = [kind for kind in WORKERS if "ingest" in kind.queues.split(",")]
    assert kind.queues == "ingest"
    assert worker(kind, Home(tmp_path), {}).argv[:3] == ("nice", "-n", "19")
