"""Ports on the loopback interface: which are free, and which one the web server takes."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from nexod.embedded.errors import NotConfigured, PortBusy

LOOPBACK = "127.0.0.1"
WEB_PORT = 8000
PORTS_TRIED = 200


def is_free(port: int) -> bool:
    """Tell whether a server could listen on ``port`` now (a closed connection's TIME_WAIT does not count)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_port(preferred: int | None = None) -> int:
    """Return ``preferred`` if it is free, else any free port."""
    if preferred and is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def web_port(environ: Mapping[str, str], first: int = WEB_PORT) -> int:
    """Return the web server's port: PORT, which must be free, or from ``first`` on the first free one."""
    wanted = environ.get("PORT", "").strip()
    if not wanted:
        return next((port for port in range(first, first + PORTS_TRIED) if is_free(port)), 0) or free_port()
    if not wanted.isdecimal() or not 0 < int(wanted) < 65536:
        raise NotConfigured(f"PORT={wanted} is not a port number (1-65535).")
    if not is_free(int(wanted)):
        raise PortBusy(f"PORT={wanted} is in use by another program. Stop that one, or set PORT to a free port.")
    return int(wanted)


def answers(host: str, port: int, timeout_s: float = 0.5) -> bool:
    """Tell whether something accepts connections there."""
    try:
        socket.create_connection((host, port), timeout=timeout_s).close()
    except OSError:
        return False
    return True
