"""Which addresses may be called."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from nexod.kernel.addresses import checked, is_public
from nexod.kernel.errors import AddressRefused

REFUSED = {
    "loopback": "127.0.0.1",
    "loopback, all of it": "127.8.9.10",
    "loopback v6": "::1",
    "private 10": "10.0.0.1",
    "private 172": "172.20.1.1",
    "private 192": "192.168.1.1",
    "unique local v6": "fd12::1",
    "link-local": "169.254.1.1",
    "link-local v6": "fe80::1",
    "site-local v6": "fec0::1",
    "metadata": "169.254.169.254",
    "metadata v6": "fd00:ec2::254",
    "metadata in the carrier range": "100.100.100.200",
    "metadata in the protocol block": "192.0.0.192",
    "metadata on a public address": "168.63.129.16",
    "this host": "0.0.0.0",
    "this host v6": "::",
    "multicast": "224.0.0.1",
    "multicast v6": "ff02::1",
    "broadcast": "255.255.255.255",
    "reserved": "240.0.0.1",
    "benchmarks": "198.18.0.1",
    "documentation": "203.0.113.5",
    "documentation v6": "2001:db8::1",
    "mapped loopback": "::ffff:127.0.0.1",
    "mapped metadata": "::ffff:169.254.169.254",
    "compatible loopback": "::127.0.0.1",
    "6to4 loopback": "2002:7f00:1::",
    "NAT64 loopback": "64:ff9b::7f00:1",
    "NAT64 local": "64:ff9b:1::808:808",
}
PUBLIC = ("8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::")


@pytest.mark.parametrize("address", REFUSED.values(), ids=REFUSED)
def test_an_address_that_leads_inside_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_an_ordinary_address_is_public(address: str) -> None:
    assert is_public(ip_address(address))


def test_one_private_address_among_public_ones_refuses_them_all() -> None:
    with pytest.raises(AddressRefused, match=r"example\.com"):
        checked("example.com", 443, ["8.8.8.8", "10.0.0.1"])


def test_a_scope_does_not_hide_a_link_local_address() -> None:
    with pytest.raises(AddressRefused):
        checked("printer", 80, ["fe80::1%eth0"])


@pytest.mark.parametrize("host", ["model.internal", "MODEL.internal", "model.internal."])
def test_the_operator_may_let_a_host_and_port_through(settings: Any, host: str) -> None:
    settings.NEXOD_EGRESS_ALLOW = ["Model.Internal:8080"]
    assert checked(host, 8080, ["10.0.0.1", "10.0.0.1"]) == ["10.0.0.1"]


@pytest.mark.parametrize(("host", "port"), [("model.internal", 8081), ("127.0.0.1", 8080), ("evil.com", 8080)])
def test_what_is_let_through_is_that_name_and_that_port_only(settings: Any, host: str, port: int) -> None:
    settings.NEXOD_EGRESS_ALLOW = ["model.internal:8080"]
    with pytest.raises(AddressRefused):
        checked(host, port, ["127.0.0.1"])


def test_an_allowed_ipv6_host_is_written_with_brackets(settings: Any) -> None:
    settings.NEXOD_EGRESS_ALLOW = ["[::1]:8080"]
    assert checked("::1", 8080, ["::1"]) == ["::1"]
