"""Addresses that a call on somebody's behalf must not reach, whatever name leads there."""

import ipaddress
from collections.abc import Collection

# Outside the link-local ranges: EC2 over IPv6, Alibaba Cloud.
_METADATA = frozenset(map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200")))


def is_metadata(address: str) -> bool:
    """Whether an address is link-local, or another one where hosts find their credentials."""
    found = _address(address)
    return found.is_link_local or found in _METADATA


def is_public(address: str) -> bool:
    """Whether an address is one of the internet: not private, loopback, reserved or shared."""
    found = _address(address)
    return found.is_global and not found.is_multicast and not is_metadata(address)


def is_closed(address: str, port: int, closed: Collection[str]) -> bool:
    """Whether an address and port are among those closed, as `10.0.0.5:8080`.

    A host reaches itself by many addresses: a port that is closed on one of them is so on all.
    """
    found = _address(address)
    for name in closed:
        host, _, number = name.rpartition(":")
        if number == str(port) and _is_same(found, "127.0.0.1" if host == "localhost" else host):
            return True
    return False


def _is_same(address: ipaddress.IPv4Address | ipaddress.IPv6Address, host: str) -> bool:
    try:
        other = _address(host.strip("[]"))
    except ValueError:
        return False  # a name: where it leads is looked up nowhere
    return address == other or (_is_itself(address) and _is_itself(other))


def _is_itself(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_loopback or address.is_unspecified


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    found = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found
