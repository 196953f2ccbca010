"""Which app's tables live in which plane, for both connections."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings

from tenants.context import PLATFORM_SCHEMA, here


class PlaneRouter:
    """Lets an app migrate where its plane is; anywhere outside a place, nothing migrates."""

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        """Return False where the app's tables do not belong, None where they do."""
        place = here()
        if place is None:
            return False
        plane = settings.SHARED_APPS if place.schema == PLATFORM_SCHEMA else settings.TENANT_APPS
        return None if apps.get_app_config(app_label).name in plane else False
