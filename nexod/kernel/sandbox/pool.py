"""The parent's side: a few children per process, started when first needed, each busy with one request at a time."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from threading import Lock
from typing import Any

from nexod.kernel.sandbox.refusal import Refused

ROOT = Path(__file__).resolve().parents[3]
MAX_IDLE = 2
LOOK_EVERY_MS = 250

_look: ContextVar[Callable[[], object] | None] = ContextVar("look", default=None)
_idle: list[Child] = []
_lock = Lock()


class Child:
    """One process that answers one line of JSON with one line of JSON."""

    def __init__(self) -> None:
        # An environment of its own: what tenants write has no business with the secrets of the worker.
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nexod.kernel.sandbox"],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """Return the answer, or None when the child died of the request."""
        assert self.process.stdin
        assert self.process.stdout
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        self._await_answer(self.process.stdout.fileno())
        line = self.process.stdout.readline()
        answer: dict[str, Any] | None = json.loads(line) if line.endswith(b"\n") else None
        return answer

    @staticmethod
    def _await_answer(descriptor: int) -> None:
        look, answer = _look.get(), select.poll()
        answer.register(descriptor, select.POLLIN)
        while look is not None and not answer.poll(LOOK_EVERY_MS):
            look()

    def end(self) -> int:
        """End the process; return how it ended."""
        self.process.kill()
        self.process.communicate()
        return self.process.returncode

    def let_go(self) -> None:
        """Forget the process, which belongs to whom we were forked from; a pipe kept open here would keep it alive."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.returncode = 0

    def cause_of_death(self) -> str:
        """Return, for people, why the child died by itself."""
        self.process.communicate()
        if self.process.returncode == -signal.SIGALRM:
            return "It takes too long."
        return "It needs too much memory or is nested too deeply."


@contextmanager
def looking(look: Callable[[], object]) -> Iterator[None]:
    """Have ``look`` called now and then while a child is waited for here: what it raises ends the child's work."""
    token = _look.set(look)
    try:
        yield
    finally:
        _look.reset(token)


def ask_child(do: str, **request: Any) -> Any:
    """Return what ``do`` (see ``__main__``) gives for the request; raise Refused when it cannot be done within the limits."""
    child = _taken()
    try:
        answer = child.ask({"do": do, **request})
    except BaseException:
        child.end()
        raise
    if answer is None:
        raise Refused(child.cause_of_death())
    _give_back(child)
    if "refused" in answer:
        raise Refused(answer["refused"])
    return answer["value"]


def _taken() -> Child:
    with _lock:
        while _idle:
            child = _idle.pop()
            if child.process.poll() is None:
                return child
            child.end()
    return Child()


def _give_back(child: Child) -> None:
    with _lock:
        if len(_idle) < MAX_IDLE:
            _idle.append(child)
            return
    child.end()


def _end_idle() -> None:
    while _idle:
        _idle.pop().end()


def _forget_parents_children() -> None:
    global _lock
    _lock = Lock()
    for child in _idle:
        child.let_go()
    _idle.clear()


atexit.register(_end_idle)
os.register_at_fork(after_in_child=_forget_parents_children)
