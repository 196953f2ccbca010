"""From rows to plain data: endpoints of a tenant's connections, its agents and crews; the other tenant has other ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from agents.crew import CrewInvalid, CrewTask, run_crew
from agents.crew.errors import CrewMissing
from agents.crew.rows import crew_spec
from agents.errors import AgentMissing
from agents.llm.connections import endpoint_for
from agents.llm.errors import ModelNotConnected
from agents.models import Agent, Crew, ModelConnection
from agents.models import CrewTask as TaskRow
from agents.rows import agent_spec
from nexod.kernel.secrets import SecretUnreadable, encrypt
from tenants.context import enter_tenant
from tests.model_server import ModelServer, asks_for, says_system

pytestmark = pytest.mark.django_db
SCORE = {"type": "object", "properties": {"score": {"type": "integer", "minimum": 3}}, "required": ["score"]}


def connect(tenant: Any, slug: str, key: str = "", **more: Any) -> ModelConnection:
    fields = {"name": slug.title(), "base_url": "https://models.example/v1", "model_names": ["big", "bigger"]} | more
    sealed = encrypt(key, bound_to=tenant.schema_name) if key else ""
    return ModelConnection.objects.create(slug=slug, encrypted_key=sealed, **fields)


def crew_row(tenant: Any, **more: Any) -> Crew:
    """A crew of two agents; the second task reads the first and has a schema."""
    connect(tenant, "main", is_default=True, **{k: more.pop(k) for k in ("base_url",) if k in more})
    analyst = Agent.objects.create(slug="analyst", name="A", role="Analyst", goal="find {topic}", temperature=0.5)
    reviewer = Agent.objects.create(slug="reviewer", name="R", role="Reviewer", goal="judge", max_tokens=90)
    crew = Crew.objects.create(slug="briefing", name="Briefing", **more)
    last = TaskRow.objects.create(
        crew=crew, slug="review", order=2, description="Judge", expected_output="S", agent=reviewer, output_schema=SCORE
    )
    first = TaskRow.objects.create(
        crew=crew, slug="find", order=1, description="Do", expected_output="F", agent=analyst
    )
    last.context.add(first)
    return crew


@pytest.fixture
def acme_here(acme: Any) -> Iterator[Any]:
    with enter_tenant(acme):
        yield acme


def test_the_default_connection_is_used_when_none_is_named(acme_here: Any) -> None:
    connect(acme_here, "other")
    connect(acme_here, "main", "sk-1", is_default=True, timeout_s=7, price_in_usd="1.5", price_out_usd="6")
    endpoint = endpoint_for()
    assert (endpoint.label, endpoint.api_key, endpoint.model, endpoint.timeout_s) == ("Main", "sk-1", "big", 7.0)
    assert (endpoint.price_in, endpoint.price_out, endpoint.small) == (1.5, 6.0, False)


def test_a_connection_and_a_model_may_be_named(acme_here: Any) -> None:
    connect(acme_here, "main", is_default=True)
    connect(acme_here, "other")
    assert (endpoint_for("other", "bigger").label, endpoint_for("other", "bigger").model) == ("Other", "bigger")


def test_without_an_address_it_is_the_platforms_model_and_key(acme_here: Any, settings: Any) -> None:
    settings.NEXOD_LLM = {"base_url": "http://127.0.0.1:9/v1", "api_key": "platform", "model": "smollm2-135m-instruct"}
    connect(acme_here, "local", provider="embedded", base_url="", model_names=[], is_default=True)
    endpoint = endpoint_for()
    assert (endpoint.base_url, endpoint.api_key, endpoint.small) == ("http://127.0.0.1:9/v1", "platform", True)


def test_the_platforms_key_never_goes_to_a_tenants_address(acme_here: Any, settings: Any) -> None:
    settings.NEXOD_LLM = {"base_url": "http://127.0.0.1:9/v1", "api_key": "platform", "model": "m"}
    connect(acme_here, "main", is_default=True)
    assert endpoint_for().api_key == ""


def test_an_unknown_connection_is_named(acme_here: Any) -> None:
    with pytest.raises(ModelNotConnected, match="'gone'"):
        endpoint_for("gone")
    with pytest.raises(ModelNotConnected, match="default"):
        endpoint_for()


def test_a_connection_without_any_model_is_refused(acme_here: Any, settings: Any) -> None:
    settings.NEXOD_LLM = {"base_url": "", "api_key": "", "model": ""}
    connect(acme_here, "main", base_url="", model_names=[], is_default=True)
    with pytest.raises(ModelNotConnected):
        endpoint_for()


def test_the_other_tenant_has_neither_connection_nor_key(acme: Any, globex: Any) -> None:
    with enter_tenant(acme):
        crew_row(acme)
        stolen = connect(acme, "secret", "sk-acme").encrypted_key
    with enter_tenant(globex):
        with pytest.raises(ModelNotConnected):
            endpoint_for("secret")
        with pytest.raises(CrewMissing):
            crew_spec("briefing")
        with pytest.raises(AgentMissing):
            agent_spec("analyst")
        ModelConnection.objects.create(slug="copied", name="C", base_url="https://x.example", encrypted_key=stolen)
        with pytest.raises(SecretUnreadable):
            endpoint_for("copied", "m")


def test_an_agent_becomes_plain_data(acme_here: Any) -> None:
    crew_row(acme_here)
    spec = agent_spec("reviewer")
    assert (spec.name, spec.role, spec.goal, spec.max_tokens) == ("reviewer", "Reviewer", "judge", 90)
    assert spec.endpoint.label == "Main"


def test_an_agent_may_have_its_own_connection_and_model(acme_here: Any) -> None:
    connection = connect(acme_here, "own", "sk-own")
    Agent.objects.create(slug="a", name="A", role="R", goal="g", connection=connection, model="bigger")
    endpoint = agent_spec("a").endpoint
    assert (endpoint.label, endpoint.api_key, endpoint.model) == ("Own", "sk-own", "bigger")


def test_a_crew_becomes_plain_data_in_the_order_of_its_tasks(acme_here: Any) -> None:
    crew_row(acme_here)
    spec = crew_spec("briefing")
    assert [agent.name for agent in spec.agents] == ["analyst", "reviewer"]
    assert spec.tasks == (
        CrewTask("find", "analyst", "Do", "F", None, None),
        CrewTask("review", "reviewer", "Judge", "S", ("find",), SCORE),
    )


def test_a_manager_is_read_too(acme_here: Any) -> None:
    boss = Agent.objects.create(slug="boss", name="B", role="Boss", goal="lead")
    crew_row(acme_here, process="hierarchical", manager=boss)
    spec = crew_spec("briefing")
    assert spec.manager is not None
    assert (spec.process, spec.manager.role) == ("hierarchical", "Boss")


def test_a_task_without_an_agent_needs_a_manager(acme_here: Any) -> None:
    crew_row(acme_here).tasks.filter(slug="review").update(agent=None)
    with pytest.raises(CrewInvalid, match="'review'"):
        crew_spec("briefing")


def test_a_crew_is_read_with_few_queries(acme_here: Any, django_assert_max_num_queries: Any) -> None:
    crew_row(acme_here)
    with django_assert_max_num_queries(7):
        crew_spec("briefing")


def test_a_crew_of_rows_runs(acme_here: Any, model_server: ModelServer) -> None:
    crew_row(acme_here, base_url=model_server.base_url)
    model_server.answer("Found it", when=says_system("You are Analyst"))
    result = run_crew(crew_spec("briefing"), {"topic": "tides"})
    assert result.data == {"score": 3}
    assert asks_for("score")(model_server.requests[1])
    assert "Found it" in model_server.requests[1].text
