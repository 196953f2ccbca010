"""Forgotten passwords: a link works once, for its person, in its tenant; whoever asks learns nothing; old keys and sessions end."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from nexod.kernel.errors import NotAuthenticated
from tenants.accounts.actions.api_keys import issue_api_key, recognise
from tenants.accounts.actions.passwords import ResetLinkInvalid, reset_password, send_reset_link
from tenants.accounts.admin import passwords
from tenants.accounts.models import User
from tenants.accounts.resets import path_of, tokens
from tenants.context import enter_platform, enter_tenant
from tenants.models import Tenant
from tests.cast import PASSWORD, email

ASK = "/admin/password/forgotten/"
NEW = "a quite different horse"
BOTH = {"new_password1": NEW, "new_password2": NEW}


@pytest.fixture(autouse=True)
def _uncounted(acme, globex):
    yield
    for tenant in (acme, globex):
        with enter_tenant(tenant):
            cache.delete_pattern("forgotten-*")
            cache.delete_pattern("log-in-*")
    with enter_platform():
        cache.delete_pattern("forgotten-*")


@pytest.fixture
def sent(monkeypatch):
    """Do what a worker does with each message, at once, and return the messages' names."""
    from tenants import tasks

    names: list[str] = []

    def work(name: str, **kwargs: str) -> None:
        names.append(name)
        kwargs.pop("queue", None)
        send_reset_link(place="here", **kwargs)

    monkeypatch.setattr(passwords, "enqueue", work)
    monkeypatch.setattr(passwords, "enqueue_platform", work)
    assert tasks.send_link_to_person.name == "accounts.send_reset_link"
    return names


def ask(client: Client, address: str):
    return client.post(ASK, {"email": address})


def link() -> str:
    """Return the path of the last link that was mailed."""
    found = re.search(r"(https?://\S+)", mail.outbox[-1].body)
    assert found
    return found[1]


def set_new(client: Client, address: str, **headers):
    """Follow the link and set a password, as a browser would."""
    opened = client.get(urlsplit(address).path, follow=True, **headers)
    place = opened.redirect_chain[-1][0] if opened.redirect_chain else urlsplit(address).path
    return opened, client.post(place, BOTH, **headers)


def is_password(slug: str, role: str, password: str) -> bool:
    from tests.conftest import _tenant

    with enter_tenant(_tenant(slug)):
        return User.objects.get(email=email(slug, role)).check_password(password)


def test_the_log_in_page_leads_to_it(visit, staff):
    staff()
    for client in (visit("acme"), Client(headers={"host": "platform.test"})):
        assert f'href="{ASK}"' in client.get("/admin/login/").content.decode()
        assert "Send the link" in client.get(ASK).content.decode()


def test_a_forgotten_password_is_replaced(visit, sent):
    client = visit("acme")
    assert b"on its way" in ask(client, email("acme", "editor").upper()).content
    (message,) = mail.outbox
    assert message.to == [email("acme", "editor")]
    assert link().startswith("http://acme.test/admin/password/new/")
    _, answer = set_new(client, link())
    assert (answer.status_code, answer["Location"]) == (302, "/admin/login/")
    assert is_password("acme", "editor", NEW)
    assert not is_password("globex", "editor", NEW)


def test_nobody_learns_who_is_here(visit, sent):
    client = visit("acme")
    known, unknown = email("acme", "editor"), email("acme", "nobody")
    answers = [ask(client, address).content.decode().replace(address, "X") for address in (known, unknown)]
    assert _without_token(answers[0]) == _without_token(answers[1])
    assert sent == ["accounts.send_reset_link"] * 2
    assert [message.to for message in mail.outbox] == [[known]]


def _without_token(page: str) -> str:
    return re.sub(r'(csrfmiddlewaretoken" value=")[^"]+|nonce="[^"]*"', "", page)


@pytest.mark.parametrize("fault", ["inactive", "no password", "of globex"])
def test_some_get_no_link(in_acme, globex, person, fault):
    user = person("acme", "viewer")
    if fault == "inactive":
        User.objects.filter(pk=user.pk).update(is_active=False)
    elif fault == "no password":
        user.set_unusable_password()
        user.save()
    address = email("globex", "viewer") if fault == "of globex" else user.email
    assert not send_reset_link(email=address, page="https://acme.test/", place="Acme")
    assert mail.outbox == []


def test_asking_is_counted_by_person_and_by_address(visit, sent, monkeypatch):
    monkeypatch.setattr(passwords, "TO_ONE_PERSON", 2)
    monkeypatch.setattr(passwords, "FROM_ONE_ADDRESS", 6)
    client = visit("acme")
    for address in (email("acme", "editor"), email("acme", "nobody")):
        pages = [ask(client, address).content.decode() for _ in range(3)]
        assert ["Too many tries" in page for page in pages] == [False, False, True]
    assert "Too many tries" in ask(client, email("acme", "viewer")).content.decode()
    assert "Too many tries" not in ask(visit("globex"), email("globex", "viewer")).content.decode()


def test_a_link_works_once(visit, sent):
    client = visit("acme")
    ask(client, email("acme", "editor"))
    ask(client, email("acme", "editor"))
    first, second = (re.search(r"http\S+", message.body)[0] for message in mail.outbox)
    set_new(client, first)
    for used in (first, second):
        opened, answer = set_new(visit("acme"), used)
        assert "does not work" in opened.content.decode()
        assert "does not work" in answer.content.decode()


def test_of_two_at_once_the_second_is_refused(in_acme, person):
    user = person("acme", "editor")
    token = tokens.make_token(user)
    reset_password(user=user, token=token, password=NEW)
    with pytest.raises(ResetLinkInvalid):
        reset_password(user=user, token=token, password="yet another horse")


def test_a_link_runs_out(in_acme, person, settings):
    user = person("acme", "editor")
    token = tokens.make_token(user)
    assert tokens.check_token(user, token)
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert not tokens.check_token(user, token)


def test_a_link_is_worthless_at_another_tenant_even_for_a_copied_row(acme, globex, person, visit):
    ours = person("acme", "editor")
    with enter_tenant(globex):
        User.objects.filter(email=email("globex", "editor")).delete()
        copy = User(**{field.attname: getattr(ours, field.attname) for field in User._meta.concrete_fields})
        copy.save(force_insert=True)
    with enter_tenant(acme):
        path, token = path_of(ours), tokens.make_token(ours)
    with enter_tenant(globex):
        assert User.objects.get(pk=ours.pk).password == ours.password
        assert not tokens.check_token(copy, token)
        with pytest.raises(ResetLinkInvalid):
            reset_password(user=copy, token=token, password=NEW)
    opened, answer = set_new(visit("globex"), f"http://globex.test/admin/password/new/{path}")
    assert "does not work" in opened.content.decode()
    assert "does not work" in answer.content.decode()
    opened, _ = set_new(visit("acme"), f"http://acme.test/admin/password/new/{path}")
    assert "Set the password" in opened.content.decode()


def test_a_link_of_a_suspended_tenant_is_worthless(acme, person, visit):
    with enter_tenant(acme):
        path = path_of(person("acme", "editor"))
    with enter_platform():
        Tenant.objects.filter(pk=acme.pk).update(status="suspended")
    assert visit("acme").get(f"/admin/password/new/{path}").status_code == 403
    with enter_platform():
        Tenant.objects.filter(pk=acme.pk).update(status="erased")
    assert visit("acme").get(f"/admin/password/new/{path}").status_code == 404


def test_sessions_and_keys_end_with_the_old_password(acme, person, visit):
    browser = visit("acme", "editor")
    user, other = person("acme", "editor"), person("acme", "viewer")
    with enter_tenant(acme):
        _, key = issue_api_key(actor=user, user=user, name="ci", scopes=["read"])
        _, untouched = issue_api_key(actor=other, user=other, name="ci", scopes=["read"])
        path = path_of(user)
    assert browser.get("/admin/").status_code == 200
    stranger = visit("acme")
    set_new(stranger, f"http://acme.test/admin/password/new/{path}")
    assert "1 API key of yours stopped working" in stranger.get("/admin/login/").content.decode()
    assert browser.get("/admin/").status_code == 302
    with enter_tenant(acme):
        with pytest.raises(NotAuthenticated):
            recognise(key)
        assert recognise(untouched).user == other


def test_a_weak_password_is_refused_and_the_link_stays(acme, person, visit):
    with enter_tenant(acme):
        path = path_of(person("acme", "editor"))
    client = visit("acme")
    opened = client.get(f"/admin/password/new/{path}", follow=True)
    place = opened.redirect_chain[-1][0]
    assert "set-password" in place
    refused = client.post(place, {"new_password1": "short", "new_password2": "short"})
    assert "too short" in refused.content.decode()
    assert is_password("acme", "editor", PASSWORD)
    assert client.post(place, BOTH).status_code == 302


def test_the_staff_get_links_of_their_own_host(staff, sent):
    staff()
    client = Client(headers={"host": "platform.test"})
    ask(client, "stella@platform.test")
    assert sent == ["accounts.send_reset_link_to_staff"]
    assert link().startswith("http://platform.test/admin/password/new/")
    _, answer = set_new(client, link())
    assert answer.status_code == 302
    with enter_platform():
        assert User.objects.get(email="stella@platform.test").check_password(NEW)


def test_a_staff_link_is_worthless_at_a_tenant(staff, visit):
    staff()
    with enter_platform():
        path = path_of(User.objects.get(email="stella@platform.test"))
    assert "does not work" in visit("acme").get(f"/admin/password/new/{path}", follow=True).content.decode()


@pytest.mark.parametrize(
    "headers", [{"x-forwarded-host": "evil.test"}, {"host": "acme.test:666"}, {"host": "ACME.test."}]
)
def test_the_links_host_is_the_tenants_own(sent, acme, headers):
    client = Client(headers={"host": "acme.test", **headers})
    ask(client, email("acme", "editor"))
    assert link().startswith("http://acme.test/admin/")


def test_the_work_is_done_in_the_tenant_of_the_message(acme, globex):
    from nexod.kernel.queue import TENANT_HEADER
    from tenants.tasks import send_link_to_person

    page = "http://globex.test/admin/password/new/"
    for tenant in (acme, globex):
        headers = {TENANT_HEADER: tenant.schema_name}
        send_link_to_person.apply(kwargs={"email": email("globex", "owner"), "page": page}, headers=headers).get()
    (message,) = mail.outbox
    assert "Globex" in message.subject


def test_many_askers_at_once_are_counted_once_each(acme):
    from nexod.admin.tries import are_too_many

    def attempt(_: int) -> bool:
        with enter_tenant(acme):
            return are_too_many({"forgotten-race": 5})

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(20))) == 15
