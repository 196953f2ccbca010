"""The child process: one document cannot harm the worker, nor the document after it."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from agents.knowledge.errors import DocumentEncrypted, DocumentTooComplex, DocumentUnreadable
from agents.knowledge.parsing.child import ParsingChild
from agents.knowledge.parsing.limits import Limits
from tests.papers import bomb, pdf


def test_documents_come_back_as_they_were_parsed():
    with ParsingChild() as child:
        parsed = child.parse("# Größe\n\nText.\n\n## Two\n\nMore.".encode(), "a.md")
    assert (parsed.title, parsed.sections[1].headings) == ("Größe", ("Two",))


def test_a_child_reads_many_and_survives_their_errors():
    with ParsingChild() as child:
        with pytest.raises(DocumentEncrypted):
            child.parse(pdf("x", password="secret"), "a.pdf")
        first = child._process
        assert child.parse(b"text", "a.txt").text == "text"
        assert child._process is first


def test_a_bomb_ends_at_the_limit_of_memory():
    with ParsingChild(Limits(memory_bytes=300_000_000)) as child:
        with pytest.raises((DocumentTooComplex, DocumentUnreadable)):
            child.parse(bomb(megabytes=60), "bomb.pdf")
        assert child.parse(b"text", "a.txt").text == "text"


def test_a_bomb_ends_at_the_limit_of_processor_time():
    with ParsingChild(Limits(cpu_s=1)) as child:
        with pytest.raises(DocumentTooComplex):
            child.parse(bomb(pages=8, megabytes=20), "bomb.pdf")
        assert child.parse(b"text", "a.txt").text == "text"


def test_a_bomb_ends_at_the_limit_of_time():
    with ParsingChild(Limits(wall_s=0.5)) as child, pytest.raises(DocumentTooComplex):
        child.parse(bomb(pages=8, megabytes=20), "bomb.pdf")


def test_a_child_that_stands_still_ends_at_the_limit_of_time():
    """It uses no processor time: only the clock ends it."""
    with ParsingChild() as child:
        child.parse(b"text", "a.txt")
        process = child._process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
        child.limits, began = Limits(wall_s=0.5), time.monotonic()

        def still_patient() -> None:
            assert time.monotonic() < began + 60

        with pytest.raises(DocumentTooComplex):
            child.parse(b"text", "a.txt", still_patient)
        assert process.poll() == -signal.SIGKILL


def test_a_page_nested_without_end_ends_at_the_limit():
    with ParsingChild(Limits(cpu_s=1)) as child, pytest.raises(DocumentTooComplex):
        child.parse(b"<div>" * 200_000 + b"deep", "deep.html")


def test_the_child_knows_no_secret_of_the_worker(monkeypatch):
    monkeypatch.setenv("NEXOD_SECRET_KEY", "the secret of the worker")
    with ParsingChild() as child:
        child.parse(b"text", "a.txt")
        assert child._process is not None
        with open(f"/proc/{child._process.pid}/environ", "rb") as environment:
            assert b"the secret" not in environment.read()


def test_the_child_starts_without_django_or_numpy():
    import subprocess

    wanted = "import agents.knowledge.parsing.__main__, sys; print(*{'django', 'numpy', 'pypdf'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", wanted], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


def test_a_child_that_nobody_waits_for_is_killed():
    def nobody_waits():
        raise KeyError("the document was deleted")

    with ParsingChild() as child:
        child.parse(b"text", "a.txt")
        process = child._process
        with pytest.raises(KeyError):
            child.parse(bomb(pages=8, megabytes=20), "bomb.pdf", nobody_waits)
        assert process is not None
        assert process.poll() == -9
        assert child.parse(b"text", "a.txt").text == "text"


def test_the_child_is_behind_the_walls_before_it_reads_anything():
    with ParsingChild() as child:
        child.parse(b"text", "a.txt")
        assert child._process is not None
        with open(f"/proc/{child._process.pid}/status") as status:
            told = dict(line.rstrip().split(":\t", 1) for line in status if line.startswith(("NoNew", "Seccomp:")))
    assert (told["NoNewPrivs"], told["Seccomp"]) == ("1", "2")
