"""Production: nothing has a default that could hide a missing secret; cookies and transport are strict."""

from __future__ import annotations

from nexod.settings.base import *  # noqa: F403
from nexod.settings.base import configure
from nexod.settings.environment import load, names

_environment = load()
globals().update(configure(_environment))

DEBUG = False
# Hosts are checked against the tenants' domains by the tenant middleware; this list narrows them further.
ALLOWED_HOSTS = names(_environment.allowed_hosts) or ["*"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 31_536_000
# A tenant's own domain has subdomains that are not ours to bind.
SECURE_HSTS_INCLUDE_SUBDOMAINS = False
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-nexod"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-nexod-csrf"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
