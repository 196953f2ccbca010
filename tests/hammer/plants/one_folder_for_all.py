"""Files are kept in one folder, by names that one hopes are unique."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings

from agents.knowledge.files import TenantFiles


def plant() -> None:
    location: Any = property(lambda self: Path(settings.MEDIA_ROOT) / "shared")
    TenantFiles.base_location = location
