"""The parent's side of the child that parses. A hostile document can end the child, never the worker."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from types import TracebackType
from typing import IO, Any, Self

from agents.knowledge.errors import DocumentTooComplex, DocumentUnreadable, from_code
from agents.knowledge.parsing.limits import Limits
from agents.knowledge.parsing.outline import Parsed
from nexod.kernel.errors import NexodError

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[3]


class ParsingChild:
    """Parses documents one after the other in one child process, which is started when first needed and after it died."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints: IO[bytes] = TemporaryFile()  # noqa: SIM115 (as long as the child)

    def parse(self, data: bytes, name: str) -> Parsed:
        """Return the document ``data`` that is called ``name``; raise what agents.knowledge.errors names."""
        process = self._process = self._process or self._started()
        watch = Timer(self.limits.wall_s, process.kill)
        watch.start()
        try:
            answer = self._asked(process, data, name)
        finally:
            watch.cancel()
        if answer is None:
            raise self._cause_of_death()
        if "parsed" in answer:
            return Parsed.from_dict(answer["parsed"])
        raise from_code(answer["code"], answer["message"])

    def close(self) -> None:
        """End the child."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
        self._complaints.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _started(self) -> subprocess.Popen[bytes]:
        # An environment of its own: a parser has no business with the secrets of the worker.
        return subprocess.Popen(
            [sys.executable, "-m", "agents.knowledge.parsing"],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            start_new_session=True,
        )

    def _asked(self, process: subprocess.Popen[bytes], data: bytes, name: str) -> dict[str, Any] | None:
        """Return the child's answer, or None when it died before it had given one."""
        assert process.stdin is not None
        assert process.stdout is not None
        request = {"name": name, "bytes": len(data), "limits": self.limits.as_dict()}
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n" + data)
            process.stdin.flush()
        except BrokenPipeError:
            return None
        head = process.stdout.readline()
        size = json.loads(head)["bytes"] if head.endswith(b"\n") else -1
        body = process.stdout.read(size) if size >= 0 else b""
        answer: dict[str, Any] | None = json.loads(body) if len(body) == size else None
        return answer

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
