"""``python -m nexod.embedded.model <weights> <alias> <port>``: a small local model behind the OpenAI protocol.

A process of its own, since the server inside shares the interpreter with nothing. NEXOD_LLM_API_KEY is the key it asks for.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from nexod.embedded.ports import LOOPBACK

if TYPE_CHECKING:
    import xllamacpp

PARALLEL_CALLS = 2
CONTEXT_TOKENS = 8192  # what the model was trained for, to each call
LONGEST_ANSWER_TOKENS = 2048  # so that a small model that repeats itself comes to an end
PROMPT_CACHE_MIB = 256


def parameters(weights: str, alias: str, port: int) -> xllamacpp.CommonParams:
    """Return the server's settings."""
    import xllamacpp

    settings = xllamacpp.CommonParams()
    settings.model.path = weights
    settings.model_alias = {alias}
    settings.hostnames = [LOOPBACK]
    settings.port = port
    settings.api_keys = [os.environ["NEXOD_LLM_API_KEY"]]
    settings.n_parallel = PARALLEL_CALLS
    settings.n_ctx = PARALLEL_CALLS * CONTEXT_TOKENS
    settings.n_predict = LONGEST_ANSWER_TOKENS
    settings.cache_ram_mib = PROMPT_CACHE_MIB
    settings.endpoint_slots = False
    settings.offline = True
    return settings


def main() -> None:
    """Serve until a signal ends the process."""
    weights, alias, port = sys.argv[1:]
    # Threads that spin while they wait for each other come to a standstill on a busy machine: 2 tokens/s instead of 30.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when the library is loaded, hence the late imports
    import xllamacpp

    server = xllamacpp.Server(parameters(weights, alias, int(port)))
    sys.stderr.write(f"serving {alias} at {server.listening_address}\n")
    signal.pause()


if __name__ == "__main__":
    main()
