"""The parent's side of the child that parses. A hostile document can end the child, never the worker."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Any, Self

from agents.knowledge.errors import DocumentTooComplex, DocumentUnreadable, from_code
from agents.knowledge.parsing.limits import Limits
from agents.knowledge.parsing.outline import Parsed
from nexod.kernel.errors import NexodError

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 0.5
_PIPE = 1024 * 1024


class ParsingChild:
    """Parses documents one after the other in one child process, which is started when first needed and after it died.

    Never share one between tenants: what a hostile document did to the child the next one would meet.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints: IO[bytes] = TemporaryFile()  # noqa: SIM115 (as long as the child)

    def parse(self, data: bytes, name: str, while_waiting: Callable[[], None] = lambda: None) -> Parsed:
        """Return the document ``data`` that is called ``name``; raise what agents.knowledge.errors names.

        ``while_waiting`` is called about twice a second; when it raises, the child is killed.
        """
        process = self._process = self._process or self._started()
        request = {"name": name, "bytes": len(data), "limits": self.limits.as_dict()}
        try:
            answer = self._asked(process, json.dumps(request).encode() + b"\n" + data, while_waiting)
        except BaseException:
            self._end()
            raise
        if answer is None:
            raise self._cause_of_death()
        if "parsed" in answer:
            return Parsed.from_dict(answer["parsed"])
        raise from_code(answer["code"], answer["message"])

    def close(self) -> None:
        """End the child."""
        self._end()
        self._complaints.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _started(self) -> subprocess.Popen[bytes]:
        # An environment of its own: a parser has no business with the secrets of the worker.
        process = subprocess.Popen(
            [sys.executable, "-m", "agents.knowledge.parsing"],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            start_new_session=True,
            bufsize=0,
        )
        assert process.stdin is not None
        os.set_blocking(process.stdin.fileno(), False)
        return process

    def _asked(
        self, process: subprocess.Popen[bytes], request: bytes, while_waiting: Callable[[], None]
    ) -> dict[str, Any] | None:
        """Return the child's answer, or None when it died before it had given one, of its limits or of the clock."""
        ends_at = time.monotonic() + self.limits.wall_s
        unsent, answer = memoryview(request), bytearray()
        with DefaultSelector() as selector:
            selector.register(_open(process.stdout), EVENT_READ)
            selector.register(_open(process.stdin), EVENT_WRITE)
            looked = time.monotonic()
            while not _is_whole(answer):
                for key, _ in selector.select(PATIENCE_S):
                    if key.events == EVENT_WRITE:
                        unsent = unsent[_sent(key.fd, unsent) :]
                        if not unsent:
                            selector.unregister(key.fileobj)
                    elif part := os.read(key.fd, _PIPE):
                        answer += part
                    else:
                        return None
                if time.monotonic() > ends_at:
                    process.kill()
                if time.monotonic() > looked + PATIENCE_S:
                    while_waiting()
                    looked = time.monotonic()
        told: dict[str, Any] = json.loads(answer[answer.index(b"\n") + 1 :])
        return told

    def _cause_of_death(self) -> NexodError:
        process, self._process = self._process, None
        assert process is not None
        process.communicate()
        if process.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            return DocumentTooComplex()
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").strip().splitlines()
        self._complaints.truncate(0)
        log.warning("the parser died", extra={"exit_code": process.returncode, "last_words": "".join(lines[-1:])[:500]})
        return DocumentUnreadable()


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _sent(descriptor: int, unsent: memoryview) -> int:
    """Write what the pipe takes; a child that is gone takes everything, for it is noticed where its answer is read."""
    try:
        return os.write(descriptor, unsent[:_PIPE])
    except BlockingIOError:
        return 0
    except BrokenPipeError:
        return len(unsent)


def _is_whole(answer: bytearray) -> bool:
    """Say whether the line that announces the size, and so many bytes after it, have come."""
    head = answer.find(b"\n")
    return head >= 0 and len(answer) - head - 1 >= json.loads(answer[:head])["bytes"]
