"""What was answered before a stream broke is paid for, whichever provider it is and however it counts."""

from __future__ import annotations

import pytest

from agents.llm import tries
from agents.llm.gateway import Gateway
from tests.contract.providers import CASES, Case
from tests.model_server import Cut, ModelServer
from tests.model_server.port import Run

HELLO = [{"role": "user", "content": "Say hello, in so many words as you like"}]
SAID = "This sentence goes on and on and will never " * 20


@pytest.mark.parametrize("politely", [False, True], ids=["rudely", "politely"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_half_that_came_is_counted_by_its_length(
    model_server: ModelServer, monkeypatch: pytest.MonkeyPatch, case: Case, run: Run, politely: bool
) -> None:
    monkeypatch.setattr(tries, "FIRST_WAIT_S", 0.02)
    model_server.answer(Cut(SAID, politely=politely), "Whole")
    assert Gateway(case.endpoint(model_server, timeout_s=120, price_in=1.0, price_out=2.0)).chat(HELLO).text == "Whole"
    cut, whole = run.spent
    assert (cut.failed, whole.failed) == ("model_stream_cut", "")
    assert cut.estimated
    assert cut.tokens_out >= len(SAID.split()) * 0.9
    assert cut.tokens_in > 0
    assert cut.cost_usd == pytest.approx((cut.tokens_in + 2 * cut.tokens_out) / 1e6)
