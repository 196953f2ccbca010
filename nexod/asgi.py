"""The ASGI application: HTTP through Django, WebSockets through the tenant's door."""

from __future__ import annotations

import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexod.settings")
django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402

from collaboration.routing import routes  # noqa: E402
from nexod.http.application import Application  # noqa: E402
from nexod.http.bodies import BoundedBody  # noqa: E402
from tenants.entry.startup import Lifespan  # noqa: E402
from tenants.entry.websocket import TenantSocket  # noqa: E402

_sockets: Any = URLRouter(routes)
application = ProtocolTypeRouter(
    {
        # Django writes a whole body to disk before any middleware sees it.
        "http": BoundedBody(Application(), limit_bytes=settings.NEXOD_MAX_BODY_BYTES),
        "websocket": TenantSocket(_sockets),
        "lifespan": Lifespan(),
    }
)
