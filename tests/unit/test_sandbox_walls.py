"""What a confined child can still do: nothing that reaches out of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROBE = """
import ctypes, os, resource, signal, socket, subprocess, sys, threading
from pathlib import Path
from nexod.kernel.sandbox.walls import code_folders, confine
ROOT, TMP = Path({root!r}), Path({tmp!r})
parent = os.getppid()
{before}
confine(code_folders(ROOT))
try:
    {act}
except OSError as error:
    print("refused", error.errno)
else:
    print("done")
"""


def tried(tmp_path: Path, act: str, before: str = "") -> str:
    script = PROBE.format(root=str(ROOT), tmp=str(tmp_path), act=act, before=before)
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.stdout, ended.stderr
    return ended.stdout.split()[0]


@pytest.mark.parametrize(
    "act",
    [
        "socket.create_connection(('127.0.0.1', 9))",
        "socket.socket(socket.AF_UNIX)",
        "socket.socketpair()",
        "open('/etc/passwd').read()",
        "open(f'/proc/{parent}/environ').read()",
        "os.listdir('/')",
        "(ROOT / 'manage.py').read_text()",
        "(TMP / 'secret').read_text()",
        "(TMP / 'new').write_text('x')",
        "os.remove(TMP / 'secret')",
        "os.mkdir(TMP / 'folder')",
        "subprocess.run(['/bin/true'])",
        "os.execv('/bin/true', ['true'])",
        "os.fork()",
        "os.kill(parent, 0)",
    ],
)
def test_no_way_leads_out(tmp_path, act):
    (tmp_path / "secret").write_text("of another tenant")
    assert tried(tmp_path, act) == "refused"


@pytest.mark.parametrize(
    "act",
    [
        "import json.tool, email.policy, decimal",
        "[thread.start() or thread.join() for thread in [threading.Thread(target=lambda: None)]]",
        "len(bytearray(50_000_000))",
        "os.read(pipe, 1)",
    ],
)
def test_reading_documents_still_works(tmp_path, act):
    assert tried(tmp_path, act, before="pipe, end = os.pipe(); os.write(end, b'x')") == "done"


def test_without_the_walls_the_same_acts_work(tmp_path):
    (tmp_path / "secret").write_text("x")
    script = f"import socket, subprocess; socket.socketpair(); subprocess.run(['/bin/true']); open({str(tmp_path / 'secret')!r})"
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=30).returncode == 0
