"""A cookie, key, token, link or id: worthless at another tenant, and anywhere once its tenant is suspended or erased."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import CommandError
from django.test import Client

from nexod.http.pagination import Cursor
from nexod.kernel.signing import SignatureInvalid, sign, unsign
from tenants.accounts.models import ApiKey, User
from tenants.accounts.resets import path_of
from tenants.context import TenantSuspended, TenantUnknown, enter_platform, enter_tenant
from tenants.entry.command import tenant_by_slug
from tenants.models import Tenant
from tests.cast import PASSWORD, email
from tests.content import Content, fill
from tests.program import Program
from workflows.models import Run

STATUSES = ("suspended", "erased")
CODES = {"suspended": (403, "tenant_suspended"), "erased": (404, "tenant_unknown")}


@pytest.fixture
def mine(acme, person) -> Content:
    owner = person("acme", "owner")
    with enter_tenant(acme):
        return fill(owner)


Way = Callable[[Any, Any, Any, Content], Any]
"""``way(program, visit, host, content)`` answers what somebody gets at the host with something of acme's."""


def key(program: Any, visit: Any, host: str, content: Content) -> Any:
    return program.client.get("/api/v1/me", headers={"host": host})


def cookie(program: Any, visit: Any, host: str, content: Content) -> Any:
    return visit.get("/api/v1/me", headers={"host": host})


def cookie_in_the_admin(program: Any, visit: Any, host: str, content: Content) -> Any:
    return visit.get("/admin/", headers={"host": host})


def log_in(program: Any, visit: Any, host: str, content: Content) -> Any:
    data = {"username": email("acme", "viewer"), "password": PASSWORD}
    return Client(headers={"host": host}).post("/admin/login/", data)


def events(program: Any, visit: Any, host: str, content: Content) -> Any:
    headers = {"host": host, "accept": "text/event-stream"}
    return program.client.get(f"/api/v1/runs/{content.run.pk}/events", headers=headers)


def download(program: Any, visit: Any, host: str, content: Content) -> Any:
    return program.client.get(f"/api/v1/documents/{content.document.pk}/file", headers={"host": host})


def artifact(program: Any, visit: Any, host: str, content: Content) -> Any:
    return visit.get(f"/admin/workflows/artifact/{content.artifact.pk}/download/", headers={"host": host})


def reset_link(program: Any, visit: Any, host: str, content: Content) -> Any:
    return Client(headers={"host": host}).get(f"/admin/password/new/{content.reset}", follow=True)  # type: ignore[attr-defined]


def cursor(program: Any, visit: Any, host: str, content: Content) -> Any:
    return program.client.get(f"/api/v1/runs?cursor={content.cursor}", headers={"host": host})  # type: ignore[attr-defined]


WAYS: list[Way] = [key, cookie, cookie_in_the_admin, log_in, events, download, artifact, reset_link, cursor]


class Held:
    """Everything that somebody of acme may have kept: a program, a browser, a link, a cursor."""

    def __init__(self, content: Content, tenant: Tenant) -> None:
        self.run, self.document, self.artifact = content.run, content.document, content.artifact
        with enter_tenant(tenant):
            self.reset = path_of(User.objects.get(email=email("acme", "editor")))
            self.cursor = Cursor(content.run.created_at, str(content.run.pk)).encode(Run)


@pytest.fixture
def held(mine, acme) -> Held:
    return Held(mine, acme)


def good(way: Way, answer: Any) -> bool:
    """Say whether the answer lets somebody in."""
    if way is reset_link:
        return b"Set the password" in answer.content
    if way is log_in:
        return answer.status_code == 302
    return answer.status_code == 200


@pytest.mark.parametrize("way", [way for way in WAYS if way is not events], ids=lambda way: way.__name__)
def test_at_home_it_works(program, visit, held, way):
    assert good(way, way(program("acme", "owner"), visit("acme", "owner"), "acme.test", held))


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_at_another_tenant_it_is_worthless(program, visit, held, way):
    answer = way(program("acme", "owner"), visit("acme", "owner"), "globex.test", held)
    assert not good(way, answer)
    assert way is log_in or b"acme" not in answer.content.lower()  # the form shows what was typed


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_on_the_platform_it_is_worthless(program, visit, held, way):
    answer = way(program("acme", "owner"), visit("acme", "owner"), "platform.test", held)
    assert not good(way, answer)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_once_the_tenant_is_not_active_it_is_worthless_anywhere(program, visit, held, acme, way, status):
    caller, browser = program("acme", "owner"), visit("acme", "owner")
    with enter_platform():
        Tenant.objects.filter(pk=acme.pk).update(status=status)
    at_home = way(caller, browser, "acme.test", held)
    assert (at_home.status_code, at_home.json()["error"]["code"]) == CODES[status]
    assert not good(way, way(caller, browser, "globex.test", held))


@pytest.mark.parametrize(("status", "error"), [("suspended", TenantSuspended), ("erased", TenantUnknown)])
def test_no_code_enters_a_tenant_that_is_not_active(acme, status, error):
    with enter_platform():
        Tenant.objects.filter(pk=acme.pk).update(status=status)
        row = Tenant.objects.get(pk=acme.pk)
    for given in (acme.schema_name, row):
        with pytest.raises(error), enter_tenant(given):
            pass
    with pytest.raises(CommandError), tenant_by_slug("acme"):
        pass


def test_a_session_that_was_copied_to_another_tenant_opens_nothing_there(acme, globex, person, visit):
    browser, user = visit("acme", "viewer"), person("acme", "viewer")
    with enter_tenant(acme):
        session = Session.objects.get(session_key=browser.cookies["sessionid"].value)
    with enter_tenant(globex):
        User.objects.filter(email=user.email).delete()
        User(**{field.attname: getattr(user, field.attname) for field in User._meta.concrete_fields}).save(
            force_insert=True
        )
        Session(session.pk, session.session_data, session.expire_date).save(force_insert=True)
        cache.delete(f"django.contrib.sessions.cached_db{session.pk}")
    assert browser.get("/api/v1/me").status_code == 200
    assert browser.get("/api/v1/me", headers={"host": "globex.test"}).status_code == 401
    assert browser.get("/admin/", headers={"host": "globex.test"}).status_code == 302


def test_a_role_in_one_tenant_is_none_in_another(acme, globex, person, program):
    assert program("acme", "owner")("post", "knowledge-bases", {"name": "A"}).status_code == 201
    assert program("globex", "viewer")("post", "knowledge-bases", {"name": "A"}).status_code == 403
    with enter_tenant(globex):
        assert not User.objects.get(email=email("globex", "viewer")).has_perm("agents.add_knowledgebase")


def csrf_of(client: Client, host: str) -> tuple[str, str]:
    """Return the token of the page and the cookie that goes with it."""
    page = client.get("/admin/login/", headers={"host": host}).content.decode()
    (token,) = set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page))
    return token, client.cookies["csrftoken"].value


def test_a_csrf_token_of_another_tenants_page_is_refused(acme, globex):
    ours, theirs = (Client(enforce_csrf_checks=True, headers={"host": f"{slug}.test"}) for slug in ("acme", "globex"))
    token, secret = csrf_of(ours, "acme.test")
    csrf_of(theirs, "globex.test")
    data = {"username": email("globex", "viewer"), "password": PASSWORD}
    assert theirs.post("/admin/login/", {**data, "csrfmiddlewaretoken": token}).status_code == 403
    theirs.cookies["csrftoken"] = secret  # even the pair: the page that sends it is acme's
    pair = {**data, "csrfmiddlewaretoken": token}
    assert theirs.post("/admin/login/", pair, headers={"origin": "http://acme.test"}).status_code == 403
    assert theirs.post("/admin/login/", pair, headers={"origin": "http://globex.test"}).status_code == 302


def test_what_is_signed_here_opens_here_and_for_this_only(acme, globex):
    with enter_tenant(acme):
        signed = sign("value", purpose="links")
        assert unsign(signed, purpose="links") == "value"
        for wrong in (signed + "x", "value", "", signed.replace("value", "other")):
            with pytest.raises(SignatureInvalid):
                unsign(wrong, purpose="links")
        with pytest.raises(SignatureInvalid):
            unsign(signed, purpose="cursors")
    with enter_tenant(globex), pytest.raises(SignatureInvalid):
        unsign(signed, purpose="links")
    with enter_platform(), pytest.raises(SignatureInvalid):
        unsign(signed, purpose="links")


def test_keys_are_looked_up_in_the_tenant_of_the_host_only(acme, globex, program):
    caller = program("acme", "owner")
    with enter_tenant(acme):
        row = ApiKey.objects.get()
    with enter_tenant(globex):
        assert not ApiKey.objects.filter(hashed=row.hashed).exists()
    assert isinstance(caller, Program)
    assert caller.client.get("/api/v1/me", headers={"host": "globex.test"}).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/media/",
        "/media/{schema}/documents/{id}",
        "/static/../media/{schema}/documents/{id}",
        "/static/%2e%2e/media/{schema}/documents/{id}",
        "/{schema}/documents/{id}",
        "/files/documents/{id}",
    ],
)
def test_files_have_no_address_of_their_own(visit, mine, acme, path):
    address = path.format(schema=acme.schema_name, id=mine.document.storage_key)
    for client in (visit("acme", "owner"), visit("globex", "owner")):
        assert client.get(address).status_code == 404


def test_the_same_name_of_a_file_is_another_file_in_another_tenant(acme, globex):
    from django.core.files.base import ContentFile

    from agents.knowledge.files import files

    for tenant in (acme, globex):
        with enter_tenant(tenant):
            files.save("documents/same", ContentFile(tenant.slug.encode()))
    for tenant in (acme, globex):
        with enter_tenant(tenant), files.open("documents/same") as found:
            assert found.read() == tenant.slug.encode()
            files.delete("documents/same")


def test_a_download_names_no_folder(program, mine):
    answer = program("acme", "owner")("get", f"documents/{mine.document.pk}/file")
    assert answer.status_code == 200
    assert "/" not in urlsplit(answer["Content-Disposition"].split("filename=")[1]).path


@pytest.mark.parametrize(
    "name", ["../{other}/documents/x", "/etc/passwd", "documents/../../{other}/x", "..\\{other}\\x"]
)
def test_no_name_leads_into_another_tenants_folder(acme, globex, name):
    from django.core.exceptions import SuspiciousOperation

    from agents.knowledge.files import files

    with enter_tenant(acme), pytest.raises((SuspiciousOperation, FileNotFoundError)):
        files.open(name.format(other=globex.schema_name))


def test_metrics_name_tenants_by_opaque_names_only(visit, mine):
    visit("acme", "owner").get("/admin/")
    told = Client().get("/metrics", headers={"host": "acme.test"}).content.decode()
    assert "nexod_http" in told
    for text in ("acme", "globex", "Olive", "owner@", mine.run.title, str(mine.run.pk)):
        assert text not in told


def test_a_request_is_logged_under_its_own_tenant_without_content(program, mine, acme, globex, caplog):
    for slug in ("acme", "globex"):
        program(slug, "owner")("get", f"runs/{mine.run.pk}")
    logged = [record for record in caplog.records if record.name == "nexod.request"]
    assert [record.tenant for record in logged] == [acme.schema_name, globex.schema_name]
    for record in logged:
        told = str(vars(record))
        assert mine.run.title not in told
        assert "nxd_" not in told
        assert "owner@" not in told


def test_a_report_of_a_failure_names_the_tenant_and_nothing_of_it(in_acme, acme):
    from nexod.observability.sentry import scrub

    told = str(
        scrub(
            {
                "request": {
                    "headers": {"Authorization": "Bearer nxd_x"},
                    "data": "secret plan",
                    "url": "https://acme.test/",
                },
                "user": {"email": "owner@acme.test"},
                "extra": {"inputs": "secret plan"},
            },
            {},
        )
    )
    for text in ("nxd_", "secret plan", "owner@"):
        assert text not in told
    assert acme.schema_name in told
