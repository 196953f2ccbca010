"""Links in e-mails: looking decides nothing, one press decides once, and a link ends with everything that it was made for."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Group
from django.db import close_old_connections
from django.test import Client
from django.utils import timezone
from django_redis import get_redis_connection

from nexod.observability.redaction import redact_text
from tenants.context import enter_platform
from tenants.models import Tenant
from tests.workbench import Bench, ask, definition, output, text
from workflows.links import approval_link, link, note_link_sent

ONE = definition([ask("ok", "Pay **100** dollars?", title="Pay?", instructions="Is it right?"), output()])
TWO = definition(
    [ask("ok", "Pay?", title="Two pay", policy={"who": {"roles": ["approver", "owner"]}, "quorum": 2}), output()]
)
AGAIN = definition(
    [text("a", "draft {{ visits.a }}"), ask("ok", "{{ nodes.a.text }}"), output()],
    ["a ok", "ok end approve", "ok a request_changes"],
    limits={"visits": 4},
)


@pytest.fixture(autouse=True)
def _uncounted(settings):
    settings.NEXOD_REQUESTS_PER_MINUTE = {"link": 10**6, "refused": 10**6}
    yield
    valkey = get_redis_connection("default")
    for key in valkey.scan_iter("nexod:rate:*"):
        valkey.delete(key)


class Mail:
    """An approval that waits, the link that somebody got for it, and what became of it."""

    def __init__(self, bench: Bench, document: Any = ONE, *, role: str = "approver") -> None:
        from workflows.models import Approval

        self.bench, self.run = bench, bench.ran(document)
        with bench.inside():
            self.approval = Approval.objects.get(run=self.run.id, status="pending")
        self.client, self.path = Client(headers={"host": "acme.test"}), self.link(role)

    def link(self, role: str = "approver") -> str:
        with self.bench.inside():
            found = urlsplit(approval_link(self.approval, self.bench.user(role)))
        assert found.netloc == "acme.test"
        return found.path

    def page(self) -> Any:
        return self.client.get(self.path)

    def press(self, decision: str = "approve", *, path: str = "", **given: str) -> Any:
        """Open the page and press a button, as a browser would."""
        path = path or self.path
        asked = re.search(r'name="asked" value="([^"]+)"', self.client.get(path).content.decode())
        data = {"asked": asked[1] if asked else "", "decision": decision, **given}
        return self.client.post(path, data, headers={"origin": "null", "sec-fetch-site": "same-origin"})

    @property
    def now(self) -> Any:
        with self.bench.inside():
            self.approval.refresh_from_db()
        return self.approval

    @property
    def entries(self) -> list[str]:
        with self.bench.inside():
            return list(self.approval.entries.order_by("id").values_list("kind", flat=True))

    def update(self, **values: Any) -> None:
        with self.bench.inside():
            type(self.approval).objects.filter(pk=self.approval.pk).update(**values)


@pytest.fixture
def mail(bench: Bench) -> Mail:
    return Mail(bench)


def test_the_page_shows_what_is_asked_and_asks(mail: Mail):
    page = mail.page()
    shown = page.content.decode()
    assert page.status_code == 200
    assert "Pay <strong>100</strong> dollars?" in shown
    assert "Is it right?" in shown
    assert "Approver Person" in shown
    assert 'value="approve"' in shown
    assert 'value="edit"' not in shown


@pytest.mark.parametrize("asking", ["get", "head", "prefetch", "scanner"])
def test_looking_writes_nothing_and_ends_nothing(mail: Mail, asking: str):
    before = (mail.now.status, mail.entries, mail.bench.types(mail.run.id))
    headers = {"prefetch": {"sec-purpose": "prefetch"}, "scanner": {"user-agent": "SafeLinks"}}.get(asking, {})
    for _ in range(3):
        answer = getattr(mail.client, "head" if asking == "head" else "get")(mail.path, headers=headers)
        assert answer.status_code == 200
    assert (mail.now.status, mail.entries, mail.bench.types(mail.run.id)) == before
    assert mail.press().status_code == 200


def test_a_press_decides_and_is_on_the_record(mail: Mail):
    answer = mail.press("approve", comment="Fine.")
    assert answer.status_code == 200
    assert "The run goes on." in answer.content.decode()
    now = mail.now
    assert (now.status, now.decision, now.comment) == ("decided", "approve", "Fine.")
    assert mail.entries[-3:] == ["seen", "link_used", "decided"]
    assert mail.bench.advance(mail.run.id).status == "completed"


def test_nobody_is_logged_in_by_it(mail: Mail):
    mail.press("reject")
    assert mail.client.get("/admin/").status_code == 302
    assert set(mail.client.cookies) == {"nexod-decide"}


def test_a_second_press_says_that_it_is_decided(mail: Mail):
    mail.press("approve")
    for answer in (mail.press("reject"), mail.page()):
        assert answer.status_code == 409
        assert "You have decided already" in answer.content.decode()
    assert mail.now.decision == "approve"


def test_two_presses_at_once_decide_once(mail: Mail):
    clients = [Client(headers={"host": "acme.test"}) for _ in range(4)]
    forms = [re.search(r'name="asked" value="([^"]+)"', one.get(mail.path).content.decode())[1] for one in clients]
    together, codes = threading.Barrier(len(clients)), []

    def press(client: Client, asked: str) -> None:
        together.wait()
        codes.append(client.post(mail.path, {"asked": asked, "decision": "approve"}).status_code)
        close_old_connections()

    threads = [threading.Thread(target=press, args=pair) for pair in zip(clients, forms, strict=True)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(codes) == [200, 409, 409, 409]
    assert mail.entries.count("decided") == 1
    assert mail.entries.count("link_used") == 1


def test_a_press_that_is_overtaken_while_its_link_is_read_says_that_it_is_decided(
    mail: Mail, monkeypatch: pytest.MonkeyPatch
):
    asked = re.search(r'name="asked" value="([^"]+)"', mail.page().content.decode())[1]
    judged, others = link.may_decide, []

    def overtaken(*given: Any) -> Any:
        monkeypatch.setattr(link, "may_decide", judged)
        others.append(mail.press("approve", comment="First.").status_code)
        return judged(*given)

    monkeypatch.setattr(link, "may_decide", overtaken)
    answer = mail.client.post(mail.path, {"asked": asked, "decision": "reject"})
    assert (others, answer.status_code) == ([200], 409)
    assert "You have decided already" in answer.content.decode()
    assert (mail.now.decision, mail.now.comment) == ("approve", "First.")


@pytest.mark.parametrize("forged", ["nothing", "another cookie", "another site", "another link"])
def test_only_the_pages_own_form_decides(mail: Mail, forged: str):
    shown = mail.page().content.decode()
    asked, path = re.search(r'name="asked" value="([^"]+)"', shown)[1], mail.path
    headers = {"sec-fetch-site": "cross-site"} if forged == "another site" else {}
    if forged == "another cookie":
        mail.client.cookies["nexod-decide"] = "somebody-elses"
    if forged == "another link":
        path = mail.link("owner")
    data = {"decision": "approve", **({} if forged == "nothing" else {"asked": asked})}
    answer = mail.client.post(path, data, headers=headers)
    assert answer.status_code == 403
    assert "Nothing was decided" in answer.content.decode()
    assert mail.now.status == "pending"


def test_changes_need_a_comment_and_what_was_typed_stays(bench: Bench):
    mail = Mail(bench, AGAIN)
    refused = mail.press("request_changes")
    assert refused.status_code == 400
    assert "Say what should change" in refused.content.decode()
    assert mail.press("request_changes", comment="Longer.").status_code == 200
    assert bench.advance(mail.run.id).status == "waiting"


def test_what_the_page_does_not_offer_is_refused(mail: Mail):
    for decision in ("edit", "happened", "nonsense", ""):
        assert mail.press(decision, content="x").status_code == 400
    assert mail.now.status == "pending"


def test_of_several_votes_each_link_gives_one(bench: Bench):
    mail = Mail(bench, TWO)
    other = mail.link("owner")
    assert "others have to decide, too" in mail.press("approve").content.decode()
    assert mail.now.status == "pending"
    assert mail.press("approve").status_code == 409
    assert mail.press("approve", path=other).status_code == 200
    assert mail.now.status == "decided"


def test_it_ends_with_somebody_elses_decision(mail: Mail):
    mail.bench.decide(mail.run.id, "reject", role="owner", comment="secret reason")
    answer = mail.press()
    assert answer.status_code == 410
    assert "secret reason" not in answer.content.decode()
    assert mail.now.decision == "reject"


def test_it_ends_with_the_run(mail: Mail):
    from workflows.actions.runs import cancel_run

    with mail.bench.inside():
        cancel_run(actor=mail.bench.user(), run=mail.run)
    mail.bench.advance(mail.run.id)
    assert mail.press().status_code == 410


def test_it_runs_out(bench: Bench, monkeypatch):
    monkeypatch.setattr(link, "LASTS", timedelta(seconds=-1))
    mail = Mail(bench)
    assert mail.press().status_code == 410
    assert mail.now.status == "pending"


def _passed_on(mail: Mail) -> None:
    from workflows.actions.approvals import reassign_approval

    user = mail.bench.user
    reassign_approval(actor=user("approver"), approval=mail.approval, to=user("owner"))


def _passed_on_and_back(mail: Mail) -> None:
    """It is the person's again, but the old link was for another question of who decides."""
    from workflows.actions.approvals import reassign_approval

    user = mail.bench.user
    _passed_on(mail)
    reassign_approval(actor=user("owner"), approval=mail.approval, to=user("approver"))


def _deactivated(mail: Mail) -> None:
    user = mail.bench.user("approver")
    user.is_active = False
    user.save()


def _another_role(mail: Mail) -> None:
    mail.bench.user("approver").groups.set([Group.objects.get(name="viewer")])


def _away(mail: Mail) -> None:
    from workflows.models import Absence

    user = mail.bench.user
    Absence.objects.create(user=user("approver"), stand_in=user("owner"), from_at=timezone.now())


def _new_password(mail: Mail) -> None:
    user = mail.bench.user("approver")
    user.set_password("something quite different")
    user.save()


def _another_content(mail: Mail) -> None:
    mail.update(content="Pay 900 dollars?", digest="f" * 64)


def _claimed(mail: Mail) -> None:
    from workflows.actions.approvals import claim_approval

    claim_approval(actor=mail.bench.user("owner"), approval=mail.approval)


ENDS = {
    "passed on": _passed_on, "passed on and back": _passed_on_and_back, "deactivated": _deactivated,
    "another role": _another_role, "away": _away, "new password": _new_password, "another content": _another_content,
}  # fmt: skip


@pytest.fixture
def people_as_they_were(bench: Bench):
    from tests.cast import PASSWORD
    from workflows.models import Absence

    yield
    with bench.inside():
        Absence.objects.all().delete()
        user = bench.user("approver")
        user.is_active = True
        user.set_password(PASSWORD)
        user.save()
        user.groups.set([Group.objects.get(name="approver")])


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.usefixtures("people_as_they_were")
def test_it_ends_with_what_it_was_made_for(mail: Mail, end: str):
    asked = re.search(r'name="asked" value="([^"]+)"', mail.page().content.decode())[1]
    with mail.bench.inside():
        ENDS[end](mail)
    assert mail.page().status_code == 410
    assert "Pay" not in mail.page().content.decode()
    assert mail.client.post(mail.path, {"asked": asked, "decision": "approve"}).status_code == 410
    assert mail.now.status == "pending"


def test_while_somebody_else_has_claimed_it_it_waits(mail: Mail):
    with mail.bench.inside():
        _claimed(mail)
    assert mail.press().status_code == 409
    assert mail.now.status == "pending"


def test_it_ends_with_the_tenants_suspension(mail: Mail):
    with enter_platform():
        Tenant.objects.filter(slug="acme").update(status="suspended")
    try:
        assert mail.page().status_code == 403
        shown = Client(headers={"host": "acme.test", "accept": "text/html,*/*"})
        for answer in (shown.get(mail.path), shown.post(mail.path, {"decision": "approve"})):
            assert (answer.status_code, answer["Content-Type"]) == (403, "text/html; charset=utf-8")
            assert b"<h1>This workspace is suspended</h1>" in answer.content
            assert b"Go to the first page" not in answer.content
        style = shown.get("/static/nexod/stop.css")
        assert style.status_code == 200
        style.close()
        assert shown.get("/api/v1/runs").json()["error"]["code"] == "tenant_suspended"
    finally:
        with enter_platform():
            Tenant.objects.filter(slug="acme").update(status="active")
    assert mail.now.status == "pending"


def test_at_another_tenant_it_is_nothing(mail: Mail):
    other = Client(headers={"host": "globex.test"})
    assert other.get(mail.path).status_code == 404
    assert other.post(mail.path, {"decision": "approve"}).status_code == 404
    assert Client(headers={"host": "platform.test"}).get(mail.path).status_code == 404
    with mail.bench.inside("globex"):
        from workflows.models import Approval

        assert not Approval.objects.exists()


def test_not_a_letter_of_it_can_be_changed(mail: Mail):
    token = mail.path.rpartition("/")[2]
    for place in range(4, len(token), 7):
        other = "A" if token[place] != "A" else "B"
        assert mail.client.get(f"/decide/{token[:place]}{other}{token[place + 1 :]}").status_code == 404
    for path in ("/decide/", "/decide/x", f"/decide/{token}x", f"/decide/{token[:-1]}", "/decide/nxd_"):
        assert mail.client.get(path).status_code == 404


def test_guesses_and_presses_are_counted(mail: Mail, settings):
    settings.NEXOD_REQUESTS_PER_MINUTE = {"link": 3, "refused": 10**6}
    assert [mail.page().status_code for _ in range(4)] == [200, 200, 200, 429]
    settings.NEXOD_REQUESTS_PER_MINUTE = {"link": 10**6, "refused": 3}
    guesses = [mail.client.get(f"/decide/nxd_{number}").status_code for number in range(5)]
    assert guesses == [404, 404, 404, 404, 429] or guesses == [404, 404, 404, 429, 429]


def test_nothing_tells_the_address_on(mail: Mail, caplog):
    caplog.set_level("INFO")
    answers = [mail.page(), mail.press(), mail.page(), mail.client.get("/decide/x")]
    token = mail.path.rpartition("/")[2]
    for answer in answers:
        assert answer["Referrer-Policy"] == "no-referrer"
        assert answer["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
        assert "noindex" in answer["X-Robots-Tag"]
    assert not [record for record in caplog.records if token in record.getMessage() + str(record.__dict__.get("route"))]
    assert "/decide/<str:token>" in {record.__dict__.get("route") for record in caplog.records}
    assert token not in redact_text(f"Internal Server Error: {mail.path}")


def test_what_is_shown_can_do_nothing(bench: Bench):
    mail = Mail(bench, definition([ask("ok", "<script>alert(1)</script> ![x](https://evil.test/x.png)"), output()]))
    shown = mail.page().content.decode()
    assert "<script" not in shown
    assert "<img" not in shown.partition("<main>")[2]


def test_that_a_link_went_out_is_on_the_record(mail: Mail):
    with mail.bench.inside():
        note_link_sent(mail.approval, mail.bench.user("approver"))
        entry = mail.approval.entries.get(kind="link_sent")
        assert (entry.by_email, entry.for_email) == ("", "approver@acme.test")
