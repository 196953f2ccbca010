"""What axe-core finds on a page as it is rendered: contrast, names, roles, order. For the tests in a real browser."""

from __future__ import annotations

from functools import cache
from typing import Any

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Page

WEIGHTY = ("serious", "critical")
RUN = """([within, impacts]) => axe.run(within || document, {resultTypes: ["violations"]}).then(({violations}) =>
  violations.filter(({impact}) => impacts.includes(impact)).flatMap(({id, impact, nodes}) => nodes.map((node) =>
    `${id} (${impact}): ${node.target.join(" ")}: ${node.failureSummary.split("\\n").slice(1).join(" ").trim()}`)))"""


def serious(page: Page, within: str = "", *, impacts: tuple[str, ...] = WEIGHTY) -> list[str]:
    """Return one line for each element with a serious or critical violation, on the whole page or inside a selector."""
    page.evaluate(_program())
    found: list[Any] = page.evaluate(RUN, [within, list(impacts)])
    return [str(line) for line in found]


@cache
def _program() -> str:
    return AXE_FILE_PATH.read_text(encoding="utf-8")
