"""The hosts to which a credential may be sent, as people write them: ``api.example.com``, ``*.example.com:8443``.

Encrypted connections only, unless a host says ``http://`` itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

MOST_HOSTS = 50
PORTS = {"https": 443, "http": 80}
_LABEL = r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:(https?)://)?(\*\.)?({_LABEL}(?:\.{_LABEL})*)(?::([0-9]{{1,5}}))?\Z")


class Place(NamedTuple):
    """Where a request goes; ``host`` in lower case, as it is sent."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        port = "" if self.port == PORTS.get(self.scheme) else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"


def place_of(url: str) -> Place | None:
    """Return where the address leads, None where it cannot be read."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return Place(parts.scheme, parts.hostname, port) if parts.hostname else None


def plain_hosts(given: Iterable[str]) -> list[str]:
    """Return the hosts as they are stored; raise ValueError with what is wrong with one."""
    found = list(dict.fromkeys(host.strip().lower().rstrip("/") for host in given if host.strip()))
    if not found:
        raise ValueError("Name at least one host to which it may be sent.")
    if len(found) > MOST_HOSTS:
        raise ValueError(f"There are at most {MOST_HOSTS} hosts.")
    for host in found:
        _require_host(host)
    return found


def admits(hosts: Iterable[str], place: Place) -> bool:
    """Say whether what goes to these hosts may go there. ``*.example.com`` is every host below, and not example.com."""
    return any(_fits(host, place) for host in hosts)


def covers(hosts: Iterable[str], pattern: str) -> bool:
    """Say whether it may be sent wherever a tool may call: ``pattern`` is a host, or ``*.`` and every host below one."""
    host, _, port = pattern.lower().partition(":")
    every = host.startswith("*.")
    name = host.replace("*.", "any.", 1) if every else host
    wide = [one for one in hosts if not every or "*." in one]
    return any(admits(wide, Place(scheme, name, int(port or own))) for scheme, own in PORTS.items())


def _fits(host: str, place: Place) -> bool:
    found = _HOST.match(host)
    if found is None:
        return False
    scheme, below, name, port = found[1] or "https", found[2], found[3], found[4]
    if place.scheme != scheme or place.port != int(port or PORTS[scheme]):
        return False
    asked = place.host.lower()
    return asked.endswith(f".{name}") if below else asked == name


def _require_host(host: str) -> None:
    found = _HOST.match(host)
    if found is None or len(host) > 260:
        why = "a host is such as api.example.com, *.example.com or api.example.com:8443, without a path."
        raise ValueError(f"{host[:100]!r}: {why} Names in other scripts as xn--.")
    if found[2] and "." not in found[3]:
        raise ValueError(f"{host[:100]!r}: that would be half of the internet; name an organisation's own domain.")
    if found[4] and not 0 < int(found[4]) < 65_536:
        raise ValueError(f"{host[:100]!r}: there is no such port.")
