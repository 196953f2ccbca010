"""The settings of the hammer's processes: those of the tests, with rooms of its own beside the product's addresses."""

from __future__ import annotations

from nexod.settings.test import *  # noqa: F403
from nexod.settings.test import DATABASES

ROOT_URLCONF = "tests.hammer.urls"
# A full pool must be met within a short run.
DATABASES["default"]["OPTIONS"]["pool"] |= {"max_size": 12, "timeout": 1.0}
WHITENOISE_AUTOREFRESH = False
