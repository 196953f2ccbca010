"""Signals as something to wait for, so that one plain loop can watch children, timers and Ctrl-C together."""

from __future__ import annotations

import select
import signal
import socket
from types import FrameType, TracebackType
from typing import Any, Self

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Wakeups:
    """Inside the block a stop signal only counts up ``stops``; ``wait`` returns early at any signal. Main thread only."""

    def __init__(self) -> None:
        self.stops = 0
        self._former: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._former_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in STOPPING:
            self._former[number] = signal.signal(number, self._count)
        self._former[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def _count(self, _number: int, _frame: FrameType | None) -> None:
        self.stops += 1

    def wait(self, timeout_s: float | None) -> None:
        """Sleep until a signal comes or the time is over."""
        if select.select([self._reader], [], [], timeout_s)[0]:
            self._reader.recv(4096)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._former_fd)
        self._reader.close()
        self._writer.close()
