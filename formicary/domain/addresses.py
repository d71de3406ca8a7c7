"""Addresses that a call on somebody's behalf must not reach, whatever name leads there."""

import ipaddress

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


def plain(address: str) -> str:
    """Return an address in its one way of writing; an IPv4 one that IPv6 holds is written as it."""
    return str(_address(address))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    found = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found
