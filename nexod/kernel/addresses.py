"""Which network addresses the platform may call for a tenant: public ones, and those that the operator allowed."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings

from nexod.kernel.errors import AddressRefused

Address = IPv4Address | IPv6Address

_NAT64 = ip_network("64:ff9b::/96")
_IPV4_COMPATIBLE = ip_network("::/96")
# Special-purpose blocks that Python 3.11 still takes for global, and one cloud's metadata host.
_NEVER = tuple(
    ip_network(block)
    for block in ("192.0.0.0/24", "168.63.129.16/32", "64:ff9b:1::/48", "5f00::/16", "3fff::/20", "fec0::/10")
)


def is_public(address: Address) -> bool:
    """Say whether ``address`` is an ordinary host of the internet; an IPv4 address inside an IPv6 one decides."""
    if isinstance(address, IPv6Address) and (inner := _embedded(address)) is not None:
        return is_public(inner)
    if address.is_multicast or address.is_reserved or address.is_unspecified or not address.is_global:
        return False
    return not any(address in block for block in _NEVER if block.version == address.version)


def checked(host: str, port: int, found: Iterable[str]) -> list[str]:
    """Return ``found``, the addresses that ``host`` resolved to, when every one of them may be called.

    One private address among public ones refuses them all: that mixture is how a name is made to point inside.
    A ``host:port`` in ``NEXOD_EGRESS_ALLOW`` is let through as it is written in the URL. Raises AddressRefused.
    """
    addresses = list(dict.fromkeys(found))
    if is_allowed(host, port):
        return addresses
    for text in addresses:
        if not is_public(ip_address(text.partition("%")[0])):
            raise AddressRefused(
                f"{host} is a private or reserved address and may not be called. Use a public address, or ask the "
                f"operator to add {host}:{port} to NEXOD_EGRESS_ALLOW.",
                details={"host": host, "port": port},
            )
    return addresses


def is_allowed(host: str, port: int) -> bool:
    """Say whether the operator let ``host:port`` through although it may be private."""
    return f"{_plain(host)}:{port}" in {_plain(entry) for entry in settings.NEXOD_EGRESS_ALLOW}


def _plain(name: str) -> str:
    return name.strip().lower().replace("[", "").replace("]", "").rstrip(".")


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 host that an IPv6 address leads to: mapped, 6to4, Teredo, NAT64 (RFC 6052) or compatible."""
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if address in _NAT64 or (address in _IPV4_COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
