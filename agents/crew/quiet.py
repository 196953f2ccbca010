"""CrewAI is made to keep to itself before it is imported: no telemetry, tracing, prompt or notice, and no file anywhere.

Its version is pinned, and a test watches every file and socket of a crew at work.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable
from typing import Any

_QUIET = {
    "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_DISABLE_TRACKING": "true",
    "CREWAI_TRACING_ENABLED": "false",
    "CREWAI_DISABLE_VERSION_CHECK": "true",
    "CREWAI_TESTING": "true",  # else it offers to upload the first run
}
NOWHERE = "/nonexistent/crewai"
"""Where it believes its files to be: what tries to keep something there fails instead of mixing tenants in one file."""


class _NoTokens:
    """Stands in for the store of a CrewAI account, which makes a key file in the home folder."""

    def get_token(self) -> None:
        """There is no account."""


def builder() -> Callable[..., Any]:
    """Import CrewAI, which takes seconds the first time, and return ``agents.crew.build.build``."""
    os.environ.update(_QUIET)
    # In every call: its warnings are about its own code, and whoever catches warnings forgets this filter.
    warnings.filterwarnings("ignore", module=r"crewai(\.|$)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _keep_off_the_disk()
        from agents.crew.build import build
    _keep_silent()
    return build


def _keep_off_the_disk() -> None:
    from crewai_core import paths, settings
    from crewai_core.auth import token

    paths.db_storage_path = lambda: NOWHERE
    settings.get_writable_config_path = lambda: None
    vars(token)["TokenManager"] = _NoTokens


def _keep_silent() -> None:
    """Whatever goes wrong is raised by us, in our words; a crew that has to stop would be an error to it, and printed."""
    from crewai.events import event_context

    logging.getLogger("crewai").setLevel(logging.CRITICAL)
    config = event_context._default_config
    config.mismatch_behavior = config.empty_pop_behavior = event_context.MismatchBehavior.SILENT
