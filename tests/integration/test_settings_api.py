"""What is written together of settings, over the API: what is not saved, saving what was seen, giving it up."""

from __future__ import annotations

from typing import Any

import pycrdt
import pytest

from collaboration.crdt import store
from tenants.context import enter_tenant

KINDS = {"agents": ("agent", "agent"), "crews": ("crew", "crew"), "knowledge-bases": ("knowledge", "knowledge_base")}


@pytest.fixture
def api(visit: Any) -> Any:
    """Return ``api(method, path, body, role=)``: the answer of acme's API."""

    def ask(method: str, path: str, body: Any = None, *, role: str) -> Any:
        more = {} if body is None else {"data": body, "content_type": "application/json"}
        return getattr(visit("acme", role), method)(path, **more)

    return ask


def write(tenant: Any, kind: str, row: Any, words: str, author: Any) -> None:
    """Write at the beginning of the name, as an editor's page does."""
    with enter_tenant(tenant):
        doc: pycrdt.Doc[Any] = pycrdt.Doc()
        doc.apply_update(store.opened(f"{kind}:{row.pk}")[0])
        before = doc.get_state()
        doc.get("settings", type=pycrdt.Map)["name"].insert(0, words)
        store.append(f"{kind}:{row.pk}", [doc.get_update(before)], author)


@pytest.mark.parametrize("path", sorted(KINDS))
def test_what_was_seen_is_saved_and_nothing_else(api: Any, acme: Any, content: Any, person: Any, path: str) -> None:
    kind, attribute = KINDS[path]
    row = getattr(content, attribute)
    at = f"/api/v1/{path}/{row.pk}"
    write(acme, kind, row, "Our ", person("acme", "admin"))
    seen = api("get", f"{at}/draft", role="editor").json()
    assert seen["content"]["name"] == f"Our {row.name}"
    assert [one["field"] for one in seen["changed"]] == ["name"]
    assert api("get", at, role="editor").json()["name"] == row.name
    asked = api("post", f"{at}/save", {"digest": seen["digest"]}, role="editor")
    assert (asked.status_code, asked.json()["error"]["code"]) == (409, "save_unconfirmed")
    assert asked.json()["error"]["details"]["changed"][0]["field"] == "name"
    stale = api("post", f"{at}/save", {"digest": "0" * 64, "confirm": True}, role="editor")
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "settings_changed")
    assert api("post", f"{at}/save", {"confirm": True}, role="viewer").status_code == 403
    saved = api("post", f"{at}/save", {"digest": seen["digest"], "confirm": True}, role="editor")
    assert (saved.status_code, saved.json()["name"]) == (200, f"Our {row.name}")
    assert api("get", f"{at}/draft", role="editor").json()["changed"] == []
    patched = api("patch", at, {"name": "Other"}, role="editor")
    assert patched.status_code == 200
    assert api("get", f"{at}/draft", role="editor").json()["content"]["name"] == "Other"
    write(acme, kind, row, "No ", None)
    given_up = api("post", f"{at}/discard", {}, role="editor")
    assert (given_up.status_code, given_up.json().get("name")) == (200, "Other"), given_up.content
    assert api("get", f"{at}/draft", role="editor").json()["content"]["name"] == "Other"


@pytest.mark.parametrize("path", sorted(KINDS))
def test_a_change_of_what_was_not_seen_is_refused(visit: Any, content: Any, path: str) -> None:
    row = getattr(content, KINDS[path][1])
    at = f"/api/v1/{path}/{row.pk}"

    def patch(name: str, match: str, *, tenant: str = "acme", role: str = "editor") -> Any:
        headers = {"If-Match": match} if match else {}
        return visit(tenant, role).patch(at, {"name": name}, content_type="application/json", headers=headers)

    first = visit("acme", "editor").get(at).headers["ETag"]
    theirs = visit("acme", "admin").patch(
        at, {"name": "Theirs"}, content_type="application/json", headers={"If-Match": first}
    )
    assert (theirs.status_code, theirs.json()["name"]) == (200, "Theirs")
    refused = patch("Mine", first)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "settings_changed")
    assert patch("Mine", first, role="viewer").status_code == 403
    for match in (first, theirs.headers["ETag"], "*"):
        assert patch("Mine", match, tenant="globex").status_code == 404
    now = visit("acme", "editor").get(at)
    assert (now.json()["name"], now.headers["ETag"]) == ("Theirs", theirs.headers["ETag"])
    mine = patch("Mine", f'"{"0" * 64}", W/{now.headers["ETag"]}')
    assert (mine.status_code, mine.json()["name"]) == (200, "Mine")
    assert mine.headers["ETag"] == visit("acme", "editor").get(at).headers["ETag"] != now.headers["ETag"]
    assert [patch(name, match).status_code for name, match in (("One", "*"), ("Two", ""))] == [200, 200]
