"""What lies in Valkey is data: reading it runs nothing, whoever wrote it."""

from __future__ import annotations

import os
import pickle
import signal

import pytest
from django.core.cache import cache
from django_redis import get_redis_connection


class _Bomb:
    def __reduce__(self):
        return os.kill, (os.getpid(), signal.SIGUSR1)


def test_a_pickle_in_the_cache_is_not_opened(in_acme):
    went_off: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: went_off.append(number))
    try:
        cache.set("planted", {"harmless": 1}, 60)
        get_redis_connection("default").set(cache.make_key("planted"), pickle.dumps(_Bomb()))
        with pytest.raises(ValueError):
            cache.get("planted")
        assert went_off == []
    finally:
        signal.signal(signal.SIGUSR1, before)
        cache.delete("planted")


def test_a_session_survives_the_way_through_the_cache(visit):
    browser = visit("acme", "owner")
    assert browser.get("/api/v1/me").status_code == 200
    assert browser.get("/admin/").status_code == 200
