"""Over the whole API: nobody reads or changes another tenant's rows, and strangers, weak roles and narrow keys get no further."""

from __future__ import annotations

import pytest

from tenants.accounts.models import ApiKey, User
from tenants.context import enter_platform, enter_tenant
from tenants.models import Tenant
from tests.content import fill
from tests.routes import PUBLIC, Route, routes
from workflows.models import Approval, Run

# The stream's view works in threads of its own, which cannot see a test's transaction: test_live.py asks it the same.
ROUTES = [route for route in routes() if route.pattern not in (PUBLIC, "runs/<uuid:run_id>/events")]
WITH_IDS = [route for route in ROUTES if route.names_a_row]
WRITES = [route for route in ROUTES if not route.is_safe]
LISTS = [route for route in ROUTES if route.is_safe and "<" not in route.pattern]
# Asking is all that these do, so they want a key that may read.
QUESTIONS = {"post workflows/<uuid:pk>/validate", "post knowledge-bases/<uuid:pk>/search"}
# Everybody reads the own inbox, and has the own choices, memories and keys.
OWN = {
    "post notifications/read", "post notifications/<uuid:pk>/read", "post comments/<uuid:pk>/seen",
    "post api-keys", "delete api-keys/<uuid:pk>",
    "patch notifications/preferences", "post memories", "patch memories/<uuid:pk>", "delete memories/<uuid:pk>",
}  # fmt: skip


@pytest.fixture
def theirs(globex, person):
    """Return one of everything in globex."""
    owner = person("globex", "owner")
    with enter_tenant(globex):
        return fill(owner)


def ask(program, route: Route, content):
    return program(route.method, route.of(content), None if route.is_safe else {})


def code(response) -> str:
    return response.json()["error"]["code"]


@pytest.mark.parametrize("route", WITH_IDS, ids=str)
def test_an_id_of_another_tenant_does_not_exist_here(program, theirs, route):
    answer = ask(program("acme", "owner"), route, theirs)
    assert (answer.status_code, code(answer)) == (404, "not_found")
    at_home = ask(program("globex", "owner"), route, theirs)
    assert at_home.status_code != 404, at_home.content


def test_asking_for_another_tenants_rows_changes_none(program, theirs, globex):
    owner = program("acme", "owner")
    for route in WITH_IDS:
        ask(owner, route, theirs)
    with enter_tenant(globex):
        assert Run.objects.get().status == "waiting"
        assert Approval.objects.get().status == "pending"
        assert ApiKey.objects.filter(revoked_at__isnull=True).count() == 1
        assert User.objects.filter(is_active=True).count() == 5


@pytest.mark.parametrize("route", LISTS, ids=str)
def test_lists_show_nothing_of_another_tenant(program, theirs, route):
    answer = program("acme", "owner")("get", route.of(theirs))
    assert answer.status_code == 200
    told = answer.content.decode()
    assert str(theirs.run.pk) not in told
    assert "globex" not in told.lower()


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_strangers_are_asked_who_they_are(program, theirs, route):
    answer = ask(program("globex"), route, theirs)
    assert (answer.status_code, code(answer)) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_key_of_one_tenant_opens_no_other(program):
    foreign = program("acme", "owner").client.get("/api/v1/me", headers={"host": "globex.test"})
    assert (foreign.status_code, code(foreign)) == (401, "not_authenticated")


def test_a_session_of_one_tenant_opens_no_other(visit):
    browser = visit("acme", "owner")
    assert browser.get("/api/v1/me").status_code == 200
    assert browser.get("/api/v1/me", headers={"host": "globex.test"}).status_code == 401


@pytest.mark.parametrize("route", [route for route in WRITES if str(route) not in QUESTIONS | OWN], ids=str)
def test_viewers_change_nothing(program, theirs, route):
    answer = ask(program("globex", "viewer"), route, theirs)
    assert (answer.status_code, code(answer)) == (403, "permission_denied")


@pytest.mark.parametrize("route", WRITES, ids=str)
def test_a_key_that_reads_only_changes_nothing(program, theirs, route):
    answer = ask(program("globex", "owner", scopes=["read"]), route, theirs)
    if str(route) in QUESTIONS:
        assert answer.status_code in (200, 400)
    else:
        assert (answer.status_code, code(answer)) == (403, "scope_missing")


@pytest.mark.parametrize("route", [route for route in ROUTES if route.is_safe], ids=str)
def test_a_key_that_may_not_read_reads_nothing(program, theirs, route):
    answer = ask(program("globex", "owner", scopes=["write", "run", "approve"]), route, theirs)
    assert (answer.status_code, code(answer)) == (403, "scope_missing")


@pytest.mark.parametrize(
    ("scopes", "path", "missing"),
    [
        (["read", "write"], "workflows/{0.workflow.pk}/runs", "run"),
        (["read", "write", "approve"], "runs/{0.run.pk}/cancel", "run"),
        (["read", "write", "run"], "approvals/{0.approval.pk}/decide", "approve"),
        (["read", "run", "approve"], "workflows", "write"),
    ],
)
def test_running_approving_and_writing_are_scopes_of_their_own(program, theirs, scopes, path, missing):
    answer = program("globex", "owner", scopes=scopes)("post", path.format(theirs), {})
    assert (answer.status_code, answer.json()["error"]["details"]) == (403, {"scope": missing})


@pytest.mark.parametrize("host", ["nobody.test", "127.0.0.1", "acme.test.evil.example", "acme_test"])
def test_unknown_hosts_are_nowhere(program, host):
    answer = program("acme", "owner").client.get("/api/v1/me", headers={"host": host})
    assert answer.status_code == 404, answer.content
    assert code(answer) == "tenant_unknown"


def test_a_suspended_tenant_is_told_so(program, acme):
    owner = program("acme", "owner")
    with enter_platform():
        Tenant.objects.filter(pk=acme.pk).update(status="suspended")
    answer = owner("get", "me")
    assert (answer.status_code, code(answer)) == (403, "tenant_suspended")


@pytest.mark.parametrize("path", ["/api/v1/me", "/api/v1/schema", "/api/docs", "/api/v1/runs", "/api"])
def test_the_platform_has_no_api_of_a_tenant(program, path):
    answer = program("acme", "owner").client.get(path, headers={"host": "platform.test"})
    assert (answer.status_code, code(answer)) == (404, "not_found")


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/runs", "/api", "/api/v1/runs/", "/api/v1/runs/none"])
def test_what_is_nowhere_is_said_in_the_envelope(program, path):
    answer = program("acme", "owner")("get", path)
    assert (answer.status_code, code(answer)) == (404, "not_found")
    assert answer.json()["error"]["request_id"] == answer["X-Request-ID"]


@pytest.mark.parametrize(
    ("method", "path"), [("put", "runs"), ("delete", "me"), ("post", "usage"), ("options", "runs")]
)
def test_a_method_that_does_nothing_is_said_in_the_envelope(program, method, path):
    answer = program("acme", "owner")(method, path)
    assert (answer.status_code, code(answer)) == (405, "method_not_allowed")
