"""What a model call costs: by the connection's own prices, else by the list prices that genai-prices ships. Asks nobody."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from agents.llm.endpoint import Endpoint

FREE = frozenset({"embedded", "ollama", "vllm"})
"""Providers that run on the customer's own machines: a call costs nothing."""
LISTED = {
    "anthropic": "anthropic",
    "azure": "azure",
    "bedrock": "aws",
    "google": "google",
    "mistral": "mistral",
    "openai": "openai",
}
"""How genai-prices calls our providers. Whoever is not among them is found by the address."""
MICRO = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Cost:
    """US dollars, to a millionth; ``known`` is False where nobody says what the model costs, and ``usd`` is 0 then."""

    usd: float
    known: bool


def cost_of(
    endpoint: Endpoint, tokens_in: int, tokens_out: int, *, tokens_cached: int = 0, tokens_reasoning: int = 0
) -> Cost:
    """Return what these tokens cost at the endpoint.

    ``tokens_cached`` are some of ``tokens_in``, billed as list prices say; ``tokens_reasoning`` are some of ``tokens_out``, or,
    with a provider that counts them apart, more than those: the larger number is billed.
    """
    written = max(tokens_out, tokens_reasoning)
    cached = min(tokens_cached, tokens_in)
    if endpoint.price_in or endpoint.price_out:
        return Cost(_rounded(Decimal(str(endpoint.cost_usd(tokens_in, written)))), known=True)
    if endpoint.provider in FREE:
        return Cost(0.0, known=True)
    usd = _by_list(endpoint, tokens_in, written, cached)
    return Cost(0.0, known=False) if usd is None else Cost(_rounded(usd), known=True)


def _rounded(usd: Decimal) -> float:
    """Round to what every total is kept in, so that sums of calls and totals are the same number."""
    return float(usd.quantize(MICRO, ROUND_HALF_UP))


def _by_list(endpoint: Endpoint, tokens_in: int, tokens_out: int, tokens_cached: int) -> Decimal | None:
    """Return the list price, or None for a provider or model that is not on the list."""
    # Late: its data takes a quarter of a second to import.
    from genai_prices import Usage, calc_price

    used = Usage(input_tokens=tokens_in, output_tokens=tokens_out, cache_read_tokens=tokens_cached)
    try:
        if name := LISTED.get(endpoint.provider):
            return calc_price(used, endpoint.model, provider_id=name).total_price
        if endpoint.base_url:
            return calc_price(used, endpoint.model, provider_api_url=endpoint.base_url).total_price
    except LookupError:
        pass
    return None
