"""Credentials at work in runs: sent to their own hosts, found nowhere afterwards, rotated while everything goes on."""

from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from nexod.kernel.errors import InvalidInput
from tests.vault import SECRET, Echo, echoing, keep, places_of
from tests.workbench import Bench, definition, node, output

Json = dict[str, Any]


@pytest.fixture
def echo(settings: Any) -> Iterator[Echo]:
    with echoing(settings) as found:
        yield found


def calling(echo: Echo, path: str = "/orders", /, **config: Any) -> Json:
    """A workflow that calls, and gives on all that it was answered."""
    call = node("call", "http", {"url": echo.url(path), "credential": "crm", **config})
    return definition([call, output(said="{{ nodes.call | tojson }}")])


def test_a_run_sends_it_and_its_secret_is_found_nowhere_afterwards(bench: Bench, echo: Echo) -> None:
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    handler.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    try:
        keep(bench, echo.host)
        runs = [
            bench.ran(calling(echo, path)) for path in ("/orders", "/text", "/fails", "/refuses", "/moves", "/busy")
        ]
    finally:
        logging.getLogger().removeHandler(handler)
    assert [run.status for run in runs] == ["completed", "completed", "failed", "failed", "failed", "failed"]
    assert [headers["authorization"] for _, headers, _ in echo.seen] == [f"Bearer {SECRET}"] * 6
    assert "[hidden]" in runs[0].outputs["said"]
    assert json.loads(runs[0].outputs["said"])["json"]["headers"]["authorization"] == "Bearer [hidden]"
    assert places_of(bench, SECRET) == []
    assert SECRET not in heard.getvalue()


def test_the_search_for_the_secret_can_find_it(bench: Bench, echo: Echo) -> None:
    """What is not hidden is found in the outputs, so that finding nothing says something."""
    call = node("call", "http", {"url": echo.url("/"), "method": "POST", "body": SECRET})
    bench.ran(definition([call, output(said="{{ nodes.call | tojson }}")]))
    found = places_of(bench, SECRET)
    assert {name.partition(".")[2] for name in found} >= {"workflows_run", "workflows_step", "workflows_effect"}


@pytest.mark.parametrize(
    ("kind", "given", "seen"),
    [
        ("bearer", {}, ("authorization", f"Bearer {SECRET}")),
        ("header", {"header": "X-Api-Key"}, ("x-api-key", SECRET)),
        ("header", {"header": "X-Auth", "prefix": "Token "}, ("x-auth", f"Token {SECRET}")),
        (
            "basic",
            {"username": "ann"},
            ("authorization", f"Basic {base64.b64encode(f'ann:{SECRET}'.encode()).decode()}"),
        ),
    ],
    ids=["bearer", "header", "prefix", "basic"],
)
def test_each_kind_is_carried_in_its_header(bench: Bench, echo: Echo, kind: str, given: Json, seen: Any) -> None:
    keep(bench, echo.host, kind=kind, settings=given)
    run = bench.ran(calling(echo))
    assert run.status == "completed", run.error
    [(_, headers, _)] = echo.seen
    assert headers[seen[0]] == seen[1]
    assert places_of(bench, SECRET, f"ann:{SECRET}") == []


def test_a_query_parameter_is_added_and_the_address_is_shown_without(bench: Bench, echo: Echo) -> None:
    from workflows.models import Effect

    keep(bench, echo.host, kind="query", settings={"parameter": "api_key"})
    run = bench.ran(calling(echo, "/orders?a=1"))
    assert run.status == "completed", run.error
    assert json.loads(run.outputs["said"])["json"]["query"] == {"a": ["1"], "api_key": ["[hidden]"]}
    with bench.inside():
        [effect] = Effect.objects.filter(run=run.id)
        assert effect.asked["url"] == echo.url("/orders?a=1")
    assert places_of(bench, SECRET) == []


def test_an_oauth_client_gets_a_token_once_and_sends_only_that(bench: Bench, echo: Echo) -> None:
    settings = {"token_url": echo.url("/token"), "client_id": "nexod app", "scope": "orders"}
    keep(bench, echo.host, kind="oauth2", settings=settings)
    first, second = bench.ran(calling(echo)), bench.ran(calling(echo))
    assert (first.status, second.status) == ("completed", "completed")
    assert [path for path, _, _ in echo.seen] == ["/token", "/orders", "/orders"]
    assert "grant_type=client_credentials&scope=orders" in echo.seen[0][2]
    assert echo.seen[0][1]["authorization"].startswith("Basic ")
    assert {headers["authorization"] for _, headers, _ in echo.seen[1:]} == {"Bearer access-0001-bittern"}
    assert places_of(bench, SECRET, "access-0001-bittern") == []


def test_a_token_that_is_refused_is_got_anew(bench: Bench, echo: Echo) -> None:
    keep(bench, echo.host, kind="oauth2", settings={"token_url": echo.url("/token"), "client_id": "nexod"})
    bench.ran(calling(echo))
    echo.refuse("access-0001-bittern")
    assert bench.ran(calling(echo)).status == "completed"
    assert [path for path, _, _ in echo.seen] == ["/token", "/orders", "/orders", "/token", "/orders"]


def test_a_token_is_got_anew_when_other_settings_ask_for_another(bench: Bench, echo: Echo) -> None:
    from agents.actions.credentials import update_credential

    settings = {"token_url": echo.url("/token"), "client_id": "nexod", "scope": "all"}
    credential = keep(bench, echo.host, kind="oauth2", settings=settings)
    bench.ran(calling(echo))
    with bench.inside():
        update_credential(actor=bench.user("admin"), credential=credential, settings={**settings, "scope": "orders"})
    bench.ran(calling(echo))
    assert [path for path, _, _ in echo.seen] == ["/token", "/orders", "/token", "/orders"]
    assert "scope=orders" in echo.seen[2][2]


def test_a_change_of_a_row_that_was_read_before_brings_no_former_host_back(bench: Bench, echo: Echo) -> None:
    from agents.actions.credentials import update_credential

    read_before = keep(bench, "old.example.com")
    with bench.inside():
        same = type(read_before).objects.get(pk=read_before.pk)
        update_credential(actor=bench.user("admin"), credential=same, hosts=["new.example.com"], secret="a-new-secret")
        found = update_credential(actor=bench.user("admin"), credential=read_before, name="Other name")
        found.refresh_from_db()
    assert (found.name, found.hosts) == ("Other name", ["new.example.com"])


def test_a_token_service_that_refuses_fails_the_step_and_calls_nothing(bench: Bench, echo: Echo) -> None:
    keep(bench, echo.host, kind="oauth2", settings={"token_url": echo.url("/fails"), "client_id": "nexod"})
    run = bench.ran(calling(echo))
    assert (run.status, run.error["code"]) == ("failed", "credential_access_failed")
    assert [path for path, _, _ in echo.seen] == ["/fails"]


def test_it_is_not_sent_to_another_host_whatever_the_workflow_says(bench: Bench, echo: Echo, settings: Any) -> None:
    """The host is known in the run only: there it is looked at again, before anything is sent."""
    keep(bench, "api.example.com")
    call = node("call", "http", {"url": "{{ inputs.topic }}", "credential": "crm"})
    inputs = {"type": "object", "properties": {"topic": {"type": "string"}}}
    run = bench.ran(definition([call, output()], inputs=inputs), {"topic": echo.url("/steal")})
    assert (run.status, run.error["code"]) == ("failed", "credential_refused")
    assert "api.example.com" in run.error["message"]
    assert not echo.seen


def test_a_redirect_is_not_followed(bench: Bench, echo: Echo) -> None:
    keep(bench, echo.host)
    with Echo() as other:
        run = bench.ran(calling(echo, "/moves"))
        assert (run.status, run.error["code"]) == ("failed", "http_refused")
        assert (len(echo.seen), len(other.seen)) == (1, 0)


def test_one_that_is_gone_fails_the_step_clearly(bench: Bench, echo: Echo) -> None:
    from agents.models import Credential

    keep(bench, echo.host)
    run = bench.start(calling(echo))
    with bench.inside():
        Credential.objects.all().delete()
    ended = bench.advance(run)
    assert (ended.status, ended.error["code"]) == ("failed", "credential_missing")
    assert "'crm'" in ended.error["message"]
    assert not echo.seen


def test_the_other_tenants_credential_is_none_here(bench: Bench, echo: Echo) -> None:
    from workflows.definitions import DefinitionInvalid

    keep(bench, echo.host, tenant="globex")
    with pytest.raises(DefinitionInvalid) as refused:
        bench.ran(calling(echo))
    assert [(one["code"], one["node"], one["field"]) for one in refused.value.details] == [
        ("unknown_credential", "call", "config.credential")
    ]


def test_a_stored_value_opens_in_its_own_row_only(bench: Bench, echo: Echo) -> None:
    """Neither another tenant nor another row, with hosts of somebody else's choice, reads what was copied to it."""
    from agents.models import Credential

    stolen = keep(bench, "api.example.com").encrypted_value
    for tenant in ("acme", "globex"):
        keep(bench, echo.host, slug="mine", tenant=tenant)
        with bench.inside(tenant):
            Credential.objects.filter(slug="mine").update(encrypted_value=stolen)
        run = bench.ran(calling(echo, credential="mine"), slug=tenant)
        assert (run.status, run.error["code"]) == ("failed", "secret_unreadable")
    assert not echo.seen


def test_rotated_while_a_run_waits_the_new_one_is_sent_and_nothing_twice(bench: Bench, echo: Echo) -> None:
    """A step that begins again after a rotation asks for the same: what was done is not done again."""
    from agents.actions.credentials import rotate_credential
    from workflows.models import Effect

    credential = keep(bench, echo.host)
    call = node("call", "http", {"url": echo.url("/busy"), "credential": "crm"}, retry={"attempts": 2, "backoff_s": 0})
    run = bench.start(definition([call, output()]))
    with bench.inside():
        rotate_credential(actor=bench.user("admin"), credential=credential, secret="new-secret-of-crm")
    bench.advance(run)
    assert [headers["authorization"] for _, headers, _ in echo.seen] == ["Bearer new-secret-of-crm"] * 2
    with bench.inside():
        assert Effect.objects.filter(run=run).values("key").distinct().count() == 1


def test_where_the_new_one_is_refused_the_former_is_tried_until_its_time_is_over(bench: Bench, echo: Echo) -> None:
    from agents.actions.credentials import rotate_credential, update_credential

    credential = keep(bench, echo.host)
    echo.refuse("new-secret-of-crm")
    with bench.inside():
        credential = rotate_credential(actor=bench.user("admin"), credential=credential, secret="new-secret-of-crm")
    assert bench.ran(calling(echo)).status == "completed"
    assert len(echo.seen) == 2
    with bench.inside():
        update_credential(actor=bench.user("admin"), credential=credential, forget_former_secret=True)
    run = bench.ran(calling(echo))
    assert (run.status, run.error["details"]["status"]) == ("failed", 401)
    assert len(echo.seen) == 3


def test_its_last_use_is_kept(bench: Bench, echo: Echo) -> None:
    credential = keep(bench, echo.host)
    assert credential.last_used_at is None
    bench.ran(calling(echo))
    with bench.inside():
        credential.refresh_from_db()
    assert credential.last_used_at is not None


def test_a_replay_needs_no_credential_and_a_case_holds_none(bench: Bench, echo: Echo) -> None:
    from agents.models import Credential
    from workflows.actions.cases import save_case
    from workflows.actions.replays import run_case

    keep(bench, echo.host)
    run = bench.ran(calling(echo))
    with bench.inside():
        case = save_case(actor=bench.user(), run=run)
        Credential.objects.all().delete()
        again = run_case(actor=bench.user(), case=case)
    assert bench.advance(again.id).status == "completed"
    assert len(echo.seen) == 1
    assert places_of(bench, SECRET) == []


def test_trying_it_tells_the_status_and_nothing_else(bench: Bench, echo: Echo) -> None:
    from agents.actions.credentials import try_credential

    credential = keep(bench, echo.host)
    with bench.inside():
        trial = try_credential(actor=bench.user("admin"), credential=credential, url=echo.url("/me"))
        assert (trial.ok, trial.status, trial.problem) == (True, 200, "")
        with pytest.raises(InvalidInput, match="only, not to"):
            try_credential(actor=bench.user("admin"), credential=credential, url="https://thief.example/")
        echo.refuse(SECRET.replace('"', '\\"'))
        trial = try_credential(actor=bench.user("admin"), credential=credential, url=echo.url("/me"))
    assert (trial.ok, trial.code) == (False, "refused")
    assert SECRET not in str(trial)
