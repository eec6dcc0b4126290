"""Names to addresses: the operator resolves the registry's name, since the pull pod may reach the registry and nothing else, no DNS."""

import asyncio
import socket
from collections.abc import Sequence
from typing import Protocol

from assistant_operator.errors import WaitingError
from assistant_operator.reconcile.conditions import MODEL_READY

TIMEOUT = 10.0
RETRY_AFTER = 30.0


class Resolver(Protocol):
    """DNS."""

    async def resolve(self, host: str) -> tuple[str, ...]:
        """Return the host's addresses, sorted, IPv4 and IPv6; WaitingError where there are none."""


class SystemResolver:
    """The resolver of the machine or pod on which the operator runs."""

    async def resolve(self, host: str) -> tuple[str, ...]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(TIMEOUT):
                found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, TimeoutError, UnicodeError):
            found = []
        addresses = tuple(sorted({str(address[4][0]).partition("%")[0] for address in found}))
        if not addresses:
            raise unresolved(host)
        return addresses


def unresolved(host: str) -> WaitingError:
    text = f"The name {host} does not resolve from the operator's pod: check spec.model.name and the cluster's DNS."
    return WaitingError("RegistryUnresolved", text, condition=MODEL_READY, after=RETRY_AFTER)


async def resolve_all(resolver: Resolver, hosts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the addresses of every host."""
    found = await asyncio.gather(*(resolver.resolve(host) for host in hosts))
    return dict(zip(hosts, found, strict=True))
