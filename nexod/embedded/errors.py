"""What can go wrong while services start on this machine."""

from __future__ import annotations

from pathlib import Path

from nexod.kernel.errors import NexodError


class EmbeddedError(NexodError):
    """The embedded services cannot run."""

    code = "embedded"


class StartFailed(EmbeddedError):
    """A service did not start. ``log_tail`` holds what it said last."""

    code = "start_failed"

    def __init__(self, name: str, reason: str, *, log: Path | None = None, log_tail: str = "") -> None:
        super().__init__(f"{name} did not start: {reason}")
        self.name, self.reason, self.log, self.log_tail = name, reason, log, log_tail


class HomeInUse(EmbeddedError):
    """Another process runs the services of this NEXOD_HOME."""

    code = "home_in_use"


class PortBusy(EmbeddedError):
    """The port that PORT asks for is in use."""

    code = "port_busy"


class NotConfigured(EmbeddedError):
    """The environment contradicts itself."""

    code = "not_configured"
