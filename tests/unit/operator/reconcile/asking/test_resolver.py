"""DNS: names to addresses, and what is said where there are none."""

import asyncio
import socket

import pytest

from assistant_operator.errors import WaitingError
from assistant_operator.reconcile.asking.resolver import SystemResolver, resolve_all


async def test_the_systems_resolver() -> None:
    """Addresses without doubles or scopes; a name that is none is a wait that names it."""
    assert "127.0.0.1" in await SystemResolver().resolve("127.0.0.1")
    with pytest.raises(WaitingError, match=r"no-such-host\.invalid"):
        await SystemResolver().resolve("no-such-host.invalid")
    with pytest.raises(WaitingError):
        await SystemResolver().resolve("a" * 300)


async def test_addresses_are_sorted_and_distinct(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(*_: object, **__: object) -> list[object]:
        found = [("10.0.0.2", 0), ("10.0.0.1", 0), ("10.0.0.2", 0), ("fe80::1%eth0", 0, 0, 2)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in found]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", answer)

    assert await SystemResolver().resolve("x") == ("10.0.0.1", "10.0.0.2", "fe80::1")
    assert await resolve_all(SystemResolver(), ["x", "y"]) == dict.fromkeys(("x", "y"), ("10.0.0.1", "10.0.0.2", "fe80::1"))
