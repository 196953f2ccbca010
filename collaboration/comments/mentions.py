"""Whom a text mentions: people by their address after an @, as the list that offers names writes it."""

from __future__ import annotations

import re

MOST = 20
# What stands where somebody was named whose words were erased.
GONE = "somebody who left"
MENTION = re.compile(r"(?<![\w@./+-])@([\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")


def addresses(text: str) -> list[str]:
    """Return the addresses that are mentioned, each once, the first MOST of them."""
    return list(dict.fromkeys(found.lower() for found in MENTION.findall(text)))[:MOST]


def without(text: str, email: str) -> str:
    """Return the text with that address, mentioned or written plainly, replaced by words that name nobody."""
    return re.sub(rf"(?<![\w.+-])@?{re.escape(email)}(?![\w-]|\.\w)", GONE, text, flags=re.IGNORECASE)


def named(text: str, names: dict[str, str]) -> str:
    """Return Markdown in which mentions are written as names, strongly; ``names`` are by address."""
    return MENTION.sub(
        lambda found: f"**@{_escaped(names[found[1].lower()])}**" if found[1].lower() in names else found[0], text
    )


def _escaped(name: str) -> str:
    return re.sub(r"([\\`*_{}\[\]()#+!<>|~-])", r"\\\1", name)
