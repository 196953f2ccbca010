"""``python -m tests.hammer [requests] [--plant NAME ...]``: prints what was counted; 1 when something leaked."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Start stores, make the tenants, hammer."""
    parser = argparse.ArgumentParser(prog="tests.hammer")
    parser.add_argument("requests", type=int, nargs="?", default=2000)
    parser.add_argument("--plant", default="")
    asked = parser.parse_args()
    from nexod.embedded.stores import start_stores

    with tempfile.TemporaryDirectory(prefix="nexod-hammer-", ignore_cleanup_errors=True) as home:
        os.chmod(home, 0o755)
        with start_stores(Path(home), durable=False) as stores:
            os.environ.update(stores.as_environment(), NEXOD_ENV="test", NEXOD_HOME=home)
            os.environ["DJANGO_SETTINGS_MODULE"] = "tests.hammer.settings"
            return _hammer(asked, Path(home) / "hammer")


def _hammer(asked: argparse.Namespace, folder: Path) -> int:
    import django

    from tests.hammer.nursery import Nursery

    nursery = Nursery()
    django.setup()
    from tests.hammer import bout, cast
    from tests.hammer.report import lines

    residents, outcast = cast.assemble(print)
    folder.mkdir()
    judge = bout.fight(bout.Order(asked.requests, asked.plant), residents, outcast, nursery, folder / "bout")
    nursery.close()
    print("\n".join(lines(judge)))
    return 1 if judge.leak_count else 0


if __name__ == "__main__":
    sys.exit(main())
