"""The ASGI application: HTTP through Django, WebSockets through the tenant's door."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexod.settings")
_http = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from collaboration.routing import urlpatterns  # noqa: E402
from tenants.entry.websocket import TenantSocket  # noqa: E402

application = ProtocolTypeRouter({"http": _http, "websocket": TenantSocket(URLRouter(urlpatterns))})
