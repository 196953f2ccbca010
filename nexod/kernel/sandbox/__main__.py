"""The child: reads a request per line, answers a line, within bounds on memory and time. It ends when its input does."""

from __future__ import annotations

import json
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

from nexod.kernel.sandbox import cel, templates
from nexod.kernel.sandbox.refusal import Refused

MEMORY_BYTES = 512 * 1024 * 1024
SECONDS = 5.0

ANSWERS: dict[str, Callable[..., Any]] = {
    "render": templates.render,
    "names": templates.names,
    "evaluate": cel.evaluate,
}


def main() -> None:
    """Answer requests until the input ends; die of the alarm or of a failed allocation, by design."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while line := sys.stdin.buffer.readline():
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        answer = json.dumps(_answered(json.loads(line))).encode() + b"\n"
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()


def _answered(request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"value": ANSWERS[request.pop("do")](**request)}
    except Refused as refusal:
        return {"refused": str(refusal)}


if __name__ == "__main__":
    main()
