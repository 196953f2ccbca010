"""Pictures of every page of a running Nexod, for people who look: ``python -m tests.acceptance.screens <demo.json> <folder>``.

``demo.json`` is what the demo wrote into its home. Each page is taken on a desk in light and dark, and on a phone.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tests.browser import Visitor, open_hall

TENANT = (
    "", "workflows/approval/", "workflows/run/", "workflows/artifact/", "workflows/workflow/", "workflows/starters/",
    "agents/crew/", "agents/agent/", "agents/knowledgebase/", "agents/modelconnection/", "agents/usageday/", "agents/budget/",
    "agents/modelcall/", "collaboration/notification/",
    "accounts/user/", "accounts/apikey/", "admin/logentry/",
)  # fmt: skip
STAFF = ("", "tenants/tenant/", "tenants/tenant/new/", "tenants/domain/", "tenants/plan/", "tenants/usagerecord/",
         "tenants/runticket/", "accounts/user/", "admin/logentry/")  # fmt: skip
LOOKS: dict[str, dict[str, bool]] = {"light": {}, "dark": {"dark": True}, "phone": {"phone": True}}


def take(visitor: Visitor, pages: tuple[str, ...], folder: Path) -> Iterator[str]:
    """Take every page, and the first row of every list, from top to bottom; yield what was wrong."""
    for path in pages:
        page = visitor.go(f"/admin/{path}")
        names = [(path, page.url)]
        if row := page.query_selector("#changelist-form a[href*='/change/']"):
            names.append((f"{path}row", str(row.evaluate("(link) => link.href"))))
        for name, address in names:
            page.goto(address)
            page.wait_for_timeout(700)
            page.screenshot(path=folder / f"{re.sub('[^a-z]+', '-', name).strip('-') or 'home'}.png", full_page=True)
            if visitor.too_wide() > 0:
                yield f"{name} is {visitor.too_wide()} pixels too wide"
    yield from visitor.wrong


def main() -> None:
    """Log in at acme and as staff, and take everything."""
    demo, target = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    port = urlsplit(demo["base_url"]).port or 80
    places = {"acme": (demo["tenants"]["acme"], TENANT), "staff": (demo["staff"], STAFF)}
    with open_hall(port) as hall:
        for look, options in LOOKS.items():
            for place, (who, pages) in places.items():
                folder = target / place / look
                folder.mkdir(parents=True, exist_ok=True)
                visitor = hall.visitor(urlsplit(f"//{who['host']}").hostname or "", **options)
                visitor.log_in(who["email"], who["password"])
                for problem in take(visitor, pages, folder):
                    print(f"{place} {look}: {problem}")  # noqa: T201
    print(f"The pictures are in {target}.")  # noqa: T201


if __name__ == "__main__":
    main()
