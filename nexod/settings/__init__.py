"""Picks the settings by NEXOD_ENV (dev, test or production), so that plain Django commands need no flag."""

from __future__ import annotations

import os

_environment = os.environ.get("NEXOD_ENV", "dev")

if _environment == "production":
    from nexod.settings.production import *  # noqa: F403
elif _environment == "test":
    from nexod.settings.test import *  # noqa: F403
elif _environment == "dev":
    from nexod.settings.dev import *  # noqa: F403
else:
    raise SystemExit(f"NEXOD_ENV is {_environment!r}: it must be dev, test or production.")
