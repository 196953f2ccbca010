"""``python -m tests.hammer [requests] [--plant NAME ...]``: prints what was counted; exits with 1 when that is not right.

Without a plant it is right that nothing leaked and everything was hit; with one, that the leak was found.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

ENOUGH = 3
LEASE_S = "3"
"""A run whose worker lost its connections goes on soon enough for whoever waits for it."""


def main() -> int:
    """Start stores, make the tenants, hammer."""
    asked = _asked()
    from nexod.embedded.stores import start_stores

    with tempfile.TemporaryDirectory(prefix="nexod-hammer-", ignore_cleanup_errors=True) as home:
        os.chmod(home, 0o755)
        with start_stores(Path(home), durable=False) as stores:
            os.environ.update(stores.as_environment(), NEXOD_ENV="test", NEXOD_HOME=home, NEXOD_LEASE_S=LEASE_S)
            os.environ["DJANGO_SETTINGS_MODULE"] = "tests.hammer.settings"
            return _bouts(asked, Path(home) / "bouts")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.hammer", description="Fifty tenants at once, and who sees whom.")
    parser.add_argument("requests", type=int, nargs="?", default=2000)
    parser.add_argument("--plant", action="append", default=[], help="afterwards, again with this leak planted")
    parser.add_argument("--planted-requests", type=int, default=1500, help="at most so many for each plant")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write what was counted into this file, too")
    return parser.parse_args()


def _bouts(asked: argparse.Namespace, folder: Path) -> int:
    import django

    from tests.hammer.nursery import Nursery

    with closing(Nursery()) as nursery:
        django.setup()
        from tests.hammer.bout import Order, Ring
        from tests.hammer.cast import assemble
        from tests.hammer.report import complaints, lines

        ring = Ring(*assemble(_say), nursery, folder, _say)
        orders = [Order(asked.requests, seed=asked.seed)] if asked.requests else []
        orders += [Order(asked.planted_requests, plant, enough=ENOUGH, seed=asked.seed) for plant in asked.plant]
        told: dict[str, Any] = {}
        for order in orders:
            _say(f"planted: {order.plant}" if order.plant else "hammering")
            judge = ring.fight(order)
            wrong = [] if order.plant else complaints(judge)
            _say("\n".join(lines(judge, wrong)))
            told[order.plant] = {**judge.as_dict(), "complaints": wrong}
    if asked.json:
        asked.json.write_text(json.dumps(told, indent=1))
    return int(any(_is_wrong(plant, counted) for plant, counted in told.items()))


def _is_wrong(plant: str, counted: dict[str, Any]) -> bool:
    return not counted["leaks"] if plant else bool(counted["leaks"] or counted["complaints"])


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
