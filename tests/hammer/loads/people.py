"""People in browsers: sessions, the login page, the admin."""

from __future__ import annotations

import re

from tests.hammer import cast
from tests.hammer.visitor import Visitor

NAME, WEIGHT = "people", 0.6
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="(\w+)"')
PAGES = (
    "/admin/",
    "/admin/workflows/run/",
    "/admin/workflows/run/{run}/change/",
    "/admin/agents/agent/{agent}/change/",
    "/admin/agents/document/",
    "/admin/accounts/user/",
)


async def visit(visitor: Visitor) -> None:
    """Look at a page, or log in anew and look at the first."""
    cookie = visitor.resident.cookie
    if visitor.dice.random() < 0.1:
        cookie = await _logged_in(visitor)
    page = visitor.dice.choice(PAGES).format(**visitor.resident.ids)
    await visitor.ask(page, headers=visitor.headers(authorization="", cookie=cookie))


async def _logged_in(visitor: Visitor) -> str:
    """Return the session cookie that the login form gives."""
    stranger = visitor.headers(authorization="")
    async with visitor.asking("/admin/login/", headers=stranger) as answer:
        token = TOKEN.search(await answer.read())
        csrf = answer.cookies["csrftoken"].value if "csrftoken" in answer.cookies else ""
    if token is None:
        visitor.broke("the login page has no token")
    form = {
        "username": cast.address(visitor.resident.number),
        "password": cast.PASSWORD,
        "csrfmiddlewaretoken": token[1].decode(),
    }
    headers = visitor.headers(authorization="", cookie=f"csrftoken={csrf}")
    async with visitor.asking("/admin/login/?next=/admin/", method="POST", headers=headers, data=form) as answer:
        session = answer.cookies.get("sessionid")
    if session is None:
        visitor.broke(f"{answer.status} login")
    visitor.judge.good(visitor.kind)
    return f"sessionid={session.value}"
