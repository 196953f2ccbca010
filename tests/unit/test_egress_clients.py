"""The clients: what they connect to, follow, carry along and give up on. The far side is a real server on loopback."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from nexod.kernel.egress import ResponseTooLarge, async_http_client, http_client
from nexod.kernel.errors import AddressRefused
from tests.loopback import LoopbackHandler, LoopbackServer


class Far(LoopbackHandler):
    """Answers by path; remembers what it was asked."""

    seen: list[tuple[str, dict[str, str]]] = []

    def do_GET(self) -> None:  # noqa: N802  as http.server calls it
        self.seen.append((self.path, dict(self.headers.items())))
        name, _, rest = self.path.lstrip("/").partition("?")
        {"to": self._redirect, "big": self._big, "packed": self._packed, "silent": self._silent}.get(name, self._plain)(
            rest
        )

    def _redirect(self, location: str) -> None:
        self.reply(302, b"", {"Location": location})

    def _big(self, size: str) -> None:
        self.reply(200, b"x" * int(size), {})

    def _packed(self, size: str) -> None:
        self.reply(200, gzip.compress(b"x" * int(size)), {"Content-Encoding": "gzip"})

    def _silent(self, seconds: str) -> None:
        threading.Event().wait(float(seconds))
        self._plain("")

    def _plain(self, rest: str) -> None:
        self.reply(200, b"ok", {"Set-Cookie": "who=acme"})


@pytest.fixture
def far() -> Iterator[str]:
    """Serve, and give ``host:port``."""
    Far.seen = []
    with LoopbackServer(Far) as server:
        yield server.host


@pytest.fixture
def allowed(far: str, settings: Any) -> str:
    """The far side, let through by the operator."""
    settings.NEXOD_EGRESS_ALLOW = [far]
    return far


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Make a name resolve to one list of addresses after the other; gives the list of what was resolved."""
    resolve = socket.getaddrinfo

    def set_(name: str, *answers: list[str]) -> list[str]:
        asked: list[str] = []

        def answer(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
            if host != name:
                return resolve(host, port, *args, **kwargs)
            asked.append(host)
            addresses = answers[min(len(asked), len(answers)) - 1]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", answer)
        return asked

    return set_


@pytest.mark.parametrize(
    "url", ["http://{far}/", "http://localhost:{port}/", "http://2130706433:{port}/", "http://0x7f.1:{port}/"]
)
def test_a_private_address_is_refused_however_it_is_written(far: str, url: str) -> None:
    with http_client() as client, pytest.raises(AddressRefused, match="NEXOD_EGRESS_ALLOW"):
        client.get(url.format(far=far, port=far.rpartition(":")[2]))
    assert Far.seen == []


def test_an_allowed_address_is_called(allowed: str) -> None:
    with http_client() as client:
        assert client.get(f"http://{allowed}/").text == "ok"


async def test_the_asynchronous_client_obeys_the_same_rules(far: str, settings: Any) -> None:
    async with async_http_client() as client:
        with pytest.raises(AddressRefused):
            await client.get(f"http://{far}/")
        settings.NEXOD_EGRESS_ALLOW = [far]
        assert (await client.get(f"http://{far}/")).text == "ok"


def test_a_name_is_resolved_once_and_its_checked_address_is_called(far: str, names: Any, settings: Any) -> None:
    """What a rebinding name server does: a harmless answer for the check, another one for the connection."""
    port = far.rpartition(":")[2]
    settings.NEXOD_EGRESS_ALLOW = [f"rebinding.example:{port}"]
    asked = names("rebinding.example", ["127.0.0.1"], ["10.255.255.1"])
    with http_client(timeout=2) as client:
        assert client.get(f"http://rebinding.example:{port}/").text == "ok"
    assert asked == ["rebinding.example"]
    assert Far.seen[0][1]["Host"] == f"rebinding.example:{port}"


def test_a_name_that_turns_private_is_refused(far: str, names: Any) -> None:
    names("turning.example", ["127.0.0.1"])
    with http_client() as client, pytest.raises(AddressRefused, match=r"turning\.example"):
        client.get(f"http://turning.example:{far.rpartition(':')[2]}/")


def test_the_next_address_is_tried_when_the_first_does_not_accept(far: str, names: Any, settings: Any) -> None:
    port = far.rpartition(":")[2]
    settings.NEXOD_EGRESS_ALLOW = [f"two.example:{port}"]
    names("two.example", ["127.0.0.2", "127.0.0.1"])
    with http_client(timeout=2) as client:
        assert client.get(f"http://two.example:{port}/").text == "ok"


def test_redirects_are_not_followed_unless_asked_for(allowed: str) -> None:
    with http_client() as client:
        assert client.get(f"http://{allowed}/to?http://{allowed}/").status_code == 302


def test_a_redirect_to_a_private_address_is_refused(allowed: str) -> None:
    with http_client(follow_redirects=True) as client, pytest.raises(AddressRefused, match="169"):
        client.get(f"http://{allowed}/to?http://169.254.169.254/latest/meta-data/")


def test_redirects_come_to_an_end(allowed: str) -> None:
    with http_client(follow_redirects=True) as client, pytest.raises(httpx.TooManyRedirects):
        client.get(f"http://{allowed}/to?/to?/to?/to?/to?/")


def test_an_answer_over_the_bound_is_refused(allowed: str) -> None:
    with http_client(max_bytes=1000) as client:
        assert len(client.get(f"http://{allowed}/big?1000").content) == 1000
        with pytest.raises(ResponseTooLarge):
            client.get(f"http://{allowed}/big?1001")


async def test_the_asynchronous_client_has_the_same_bound(allowed: str) -> None:
    async with async_http_client(max_bytes=1000) as client:
        with pytest.raises(ResponseTooLarge):
            await client.get(f"http://{allowed}/big?1001")


def test_an_answer_that_would_grow_when_unpacked_is_refused(allowed: str) -> None:
    with http_client(max_bytes=1_000_000) as client, pytest.raises(ResponseTooLarge):
        client.get(f"http://{allowed}/packed?100000000")
    assert Far.seen[0][1]["Accept-Encoding"] == "identity"


def test_cookies_do_not_travel_from_one_tenant_to_the_next(allowed: str) -> None:
    with http_client() as client:
        for _ in range(2):
            client.get(f"http://{allowed}/")
    assert all("Cookie" not in headers for _, headers in Far.seen)


def test_a_proxy_of_the_environment_is_not_used(allowed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with http_client() as client:
        assert client.get(f"http://{allowed}/").text == "ok"


def test_a_silent_server_times_out(allowed: str) -> None:
    with http_client(timeout=0.8) as client, pytest.raises(httpx.ReadTimeout):
        client.get(f"http://{allowed}/silent?3")


def test_the_caller_may_give_up_while_the_server_is_silent(allowed: str) -> None:
    class GivenUp(Exception):
        pass

    def give_up() -> None:
        raise GivenUp

    with http_client(while_waiting=give_up) as client, pytest.raises(GivenUp):
        client.get(f"http://{allowed}/silent?3")


def test_a_patient_caller_gets_the_late_answer(allowed: str) -> None:
    waits: list[None] = []
    with http_client(while_waiting=lambda: waits.append(None)) as client:
        assert client.get(f"http://{allowed}/silent?1.2").text == "ok"
    assert len(waits) == 2


def test_a_name_that_does_not_exist_is_a_connection_error() -> None:
    with http_client() as client, pytest.raises(httpx.ConnectError, match="resolved"):
        client.get("http://no-such-host.invalid/")
