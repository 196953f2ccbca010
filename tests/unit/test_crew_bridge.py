"""The bridge between a crew's threads and its caller's."""

from __future__ import annotations

import threading
from contextvars import ContextVar

import pytest

from agents.crew.bridge import Bridge, Stopped

PLACE: ContextVar[str] = ContextVar("place", default="nowhere")


def test_what_is_asked_is_done_in_the_callers_thread_and_context() -> None:
    bridge = Bridge()
    here = threading.get_ident()
    token = PLACE.set("here")

    def work() -> tuple[int, tuple[int, str]]:
        return threading.get_ident(), bridge.call(lambda: (threading.get_ident(), PLACE.get()))

    there, answer = bridge.run(work)
    PLACE.reset(token)
    assert there != here
    assert answer == (here, "here")


def test_the_work_sees_the_callers_context() -> None:
    token = PLACE.set("here")
    assert Bridge().run(PLACE.get) == "here"
    PLACE.reset(token)


def test_a_failure_stops_the_work_and_is_raised_as_it_was() -> None:
    bridge, heard = Bridge(), []

    def work() -> str:
        for _ in range(3):
            try:
                bridge.call(lambda: 1 / 0)
            except Stopped as stop:
                heard.append(stop)
        return "done all the same"

    with pytest.raises(ZeroDivisionError):
        bridge.run(work)
    assert len(heard) == 3


def test_after_a_failure_nothing_more_is_done() -> None:
    bridge, done = Bridge(), []

    def work() -> None:
        with pytest.raises(Stopped):
            bridge.call(lambda: 1 / 0)
        with pytest.raises(Stopped):
            bridge.call(lambda: done.append("more"))

    with pytest.raises(ZeroDivisionError):
        bridge.run(work)
    assert done == []


def test_a_failure_of_the_work_itself_is_raised() -> None:
    def work() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        Bridge().run(work)


def test_an_interrupted_caller_leaves_no_thread_behind() -> None:
    bridge = Bridge()

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bridge.run(lambda: bridge.call(interrupt))
    assert not [thread for thread in threading.enumerate() if thread.name == "crew"]


def test_threads_of_the_work_may_ask_too() -> None:
    bridge, answers = Bridge(), []

    def work() -> None:
        threads = [
            threading.Thread(target=lambda n=n: answers.append(bridge.call(lambda: (n, threading.get_ident()))))
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    bridge.run(work)
    assert sorted(answers) == [(n, threading.get_ident()) for n in range(4)]
