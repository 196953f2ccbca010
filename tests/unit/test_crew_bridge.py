"""The bridge between a crew's threads and its caller's."""

from __future__ import annotations

import threading
import time
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


def test_what_threads_ask_at_once_is_done_beside_each_other_in_the_callers_place() -> None:
    bridge, answers, together = Bridge(), [], threading.Barrier(4)
    token = PLACE.set("here")

    def ask() -> tuple[str, int]:
        together.wait(60)  # only passes when all four are at it
        return PLACE.get(), threading.get_ident()

    def work() -> None:
        threads = [threading.Thread(target=lambda: answers.append(bridge.call(ask))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    bridge.run(work)
    PLACE.reset(token)
    assert [place for place, _ in answers] == ["here"] * 4
    assert len({thread for _, thread in answers}) == 4
    assert threading.get_ident() in {thread for _, thread in answers}


def test_what_is_still_being_asked_for_at_a_failure_is_waited_for() -> None:
    bridge, failing_now, begun, done = Bridge(), threading.Event(), threading.Event(), []

    def failing() -> None:
        failing_now.set()
        begun.wait(60)
        raise ZeroDivisionError

    def slow() -> None:
        begun.set()
        time.sleep(0.5)
        done.append("paid for")

    def work() -> None:
        def beside() -> None:
            failing_now.wait(60)
            bridge.call(slow)

        threading.Thread(target=beside, daemon=True).start()
        with pytest.raises(Stopped):
            bridge.call(failing)

    with pytest.raises(ZeroDivisionError):
        bridge.run(work)
    assert done == ["paid for"]
