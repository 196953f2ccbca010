"""The child that reads documents: takes files on standard input, answers on standard output, within its own limits.

It can read Python's code and nothing else, has no network and starts no program: nexod/kernel/sandbox/walls.py.

One request is a line of JSON ``{"name", "bytes", "limits"}`` and then that many bytes; one answer is a line
``{"bytes"}`` and then that many bytes of JSON: ``{"parsed"}`` or ``{"code", "message"}``. It ends when its input does.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
from importlib import import_module
from pathlib import Path, PurePath
from typing import Any

from agents.knowledge.errors import DocumentTooComplex, DocumentTooLarge
from agents.knowledge.parsing.formats import SNIFFED_BYTES, Format, sniff
from agents.knowledge.parsing.limits import Limits
from agents.knowledge.parsing.outline import Parsed
from nexod.kernel.errors import NexodError
from nexod.kernel.sandbox.walls import code_folders, confine

PARSERS = {
    Format.MARKDOWN: "markdown",
    Format.PLAIN: "plain",
    Format.RST: "rst",
    Format.HTML: "html",
    Format.PDF: "pdf",
    Format.DOCX: "docx",
    Format.PPTX: "pptx",
    Format.XLSX: "xlsx",
    Format.CSV: "csv",
    Format.EML: "eml",
}


def parse(data: bytes, name: str, limits: Limits) -> Parsed:
    """Return the document, by the parser of its format; only that parser is imported."""
    parser = import_module(f"agents.knowledge.parsing.{PARSERS[sniff(data[:SNIFFED_BYTES], name)]}")
    parsed: Parsed = parser.parse(data, PurePath(name).stem, limits)
    if len(parsed.text) > limits.characters:
        raise DocumentTooLarge(f"This document holds over {limits.characters:,} characters of text. Split it.")
    return parsed


def main() -> None:
    """Answer requests until the input ends."""
    logging.disable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    confine(code_folders(Path(__file__).resolve().parents[3]))
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        limits = Limits(**request["limits"])
        _restrict(limits)
        answer = json.dumps(_answer(sys.stdin.buffer.read(request["bytes"]), request["name"], limits)).encode()
        sys.stdout.buffer.write(json.dumps({"bytes": len(answer)}).encode() + b"\n" + answer)
        sys.stdout.buffer.flush()


def _restrict(limits: Limits) -> None:
    """Bound memory, and processor time from now on; both soft, so that the next request may set its own."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + limits.cpu_s
    for kind, soft in ((resource.RLIMIT_AS, limits.memory_bytes), (resource.RLIMIT_CPU, until)):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _answer(data: bytes, name: str, limits: Limits) -> dict[str, Any]:
    try:
        return {"parsed": parse(data, name, limits).as_dict()}
    except NexodError as error:
        return {"code": error.code, "message": error.message}
    except (MemoryError, RecursionError):
        return {"code": DocumentTooComplex.code, "message": ""}


if __name__ == "__main__":
    main()
