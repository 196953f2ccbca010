"""A tenant's cache of answers to identical calls, where a connection wants one. The cache itself adds the tenant to each key."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import replace

from django.core.cache import cache
from django_redis.exceptions import ConnectionInterrupted

from agents.llm.endpoint import Ask, Endpoint, Reply
from agents.llm.recall import determining, kept, reply_of

WHOLE = frozenset({"stop", "tool_calls"})
logger = logging.getLogger(__name__)


def known_answer(endpoint: Endpoint, ask: Ask) -> Reply | None:
    """Return what the same model of the same connection answered to the same question, free of charge; None if nothing."""
    if not endpoint.cache_s:
        return None
    try:
        found = cache.get(_name(endpoint, ask))
    except ConnectionInterrupted:
        logger.warning("Answers of models cannot be looked up")
        return None
    return (
        None if found is None else replace(reply_of(found), cached=True, cost_usd=0.0, seconds=0.0, first_token_s=None)
    )


def keep_answer(endpoint: Endpoint, ask: Ask, reply: Reply) -> None:
    """Keep a whole answer for the connection's ``cache_s``."""
    if not endpoint.cache_s or reply.finish not in WHOLE:
        return
    try:
        cache.set(_name(endpoint, ask), kept(reply), endpoint.cache_s)
    except ConnectionInterrupted:
        logger.warning("Answers of models cannot be kept")


def _name(endpoint: Endpoint, ask: Ask) -> str:
    """Return a name that tells of nothing that was said."""
    reached = [endpoint.connection, endpoint.provider, endpoint.base_url, endpoint.model, dict(endpoint.options)]
    text = json.dumps([reached, determining(ask)], sort_keys=True, default=str)
    return f"model-answer-{hashlib.sha256(text.encode()).hexdigest()}"
