"""One machine, no set-up: what the environment leaves out comes from the running supervisor or from harmless defaults."""

from __future__ import annotations

import os
from pathlib import Path

from nexod.settings.base import *  # noqa: F403
from nexod.settings.base import configure
from nexod.settings.environment import ROOT, load, names, services

_home = Path(os.environ.get("NEXOD_HOME") or ROOT / ".nexod")
_environment = load(
    {
        "NEXOD_HOME": str(_home),
        # Harmless: they protect nothing but an empty laptop; the supervisor writes real ones into NEXOD_HOME.
        "NEXOD_SECRET_KEY": "only-for-commands-without-a-supervisor",
        "NEXOD_FIELD_KEYS": "bm90aGluZy1zZWNyZXQtaXMtYm91bmQtdG8tdGhpcyE=",
        "NEXOD_PLATFORM_HOSTS": "localhost,127.0.0.1",
        "DATABASE_URL": "postgres://nexod_app@127.0.0.1:1/not-started",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        # Whoever sets DATABASE_URL says what it may reach: nothing is added from the supervisor's file.
        **({} if os.environ.get("DATABASE_URL") else services(_home)),
    }
)
globals().update(configure(_environment))

DEBUG = True
ALLOWED_HOSTS = [".localhost", "127.0.0.1", *names(_environment.allowed_hosts)]
NEXOD_SENDS_MAIL = True
if not _environment.email_url:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
