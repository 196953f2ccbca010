"""The test suite's settings: its fixtures put the addresses of their own services into the environment first."""

from __future__ import annotations

from nexod.settings.base import *  # noqa: F403
from nexod.settings.base import configure
from nexod.settings.environment import load

_environment = load(
    {
        "NEXOD_SECRET_KEY": "only-for-tests-only-for-tests-only-for-tests",
        "NEXOD_FIELD_KEYS": "dGhlLXRlc3RzLWtleS1pcy1ub3Qtc2VjcmV0LWF0LWE=",
        "NEXOD_PLATFORM_HOSTS": "platform.test",
        "DATABASE_URL": "postgres://nexod_app@127.0.0.1:1/not-started",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
)
globals().update(configure(_environment))

DEBUG = False
ALLOWED_HOSTS = [".test"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
NEXOD_SENDS_MAIL = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
TEST_RUNNER = "nexod.testing.PytestRunner"
# Static files straight from the apps: nothing is collected for a test.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
