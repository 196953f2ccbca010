"""What models write as they write it goes to those who ask for it; events go to everybody."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import RequestFactory

from nexod.kernel.hub import Message
from workflows.api.events import Watch


@pytest.mark.parametrize(("query", "wanted"), [("", False), ("?text=0", False), ("?text=1", True)])
def test_text_is_for_those_who_ask_for_it(query: str, wanted: bool) -> None:
    watch = Watch(RequestFactory().get(f"/api/v1/runs/x/events{query}"), uuid4())
    assert watch.wants(Message(type="text", data={"text": "Hel"})) is wanted
    assert watch.wants(Message(type="step.started", seq=3, data={}))
