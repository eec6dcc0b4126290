"""What of the cluster's surroundings is tried from inside assistants, gathered for all of them at once and looked at anew now and then.

The canary's addresses come from DNS, the name servers from the operator's own pod (assistants have none), the API server's from the
environment and from the server itself. Other nodes' addresses are read where the installation names nothing outside; without the right to
read nodes there are none. What cannot be found out at the moment stays as it was: whether something is alive at an address is for the
control to say.
"""

import asyncio
import ipaddress
import os
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from math import inf
from pathlib import Path
from typing import NamedTuple

from assistant_operator import errors
from assistant_operator.kube.objects import Object, is_true
from assistant_operator.reconcile.asking.resolver import Resolver
from assistant_operator.resources.egress_targets import Endpoint, Node, Surroundings

LOOK_EVERY = 15.0
LOOK_SECONDS = 3.0
"""Everybody waits while somebody looks: a name server or an API server that is slow must not make all pods unheard."""
NODES_EVERY = 60.0
"""Nodes come and go more slowly, and each weighs kilobytes."""
MOST_NODES = 50
"""A handful of those that are ready would do."""
RESOLV_CONF = Path("/etc/resolv.conf")
_ENDPOINT = re.compile(r"(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<host>[^\[\]:\s]+)):(?P<port>[0-9]{1,5})")


class HostPort(NamedTuple):
    """A name or an address, and a port."""

    host: str
    port: int


def host_port(text: str) -> HostPort | None:
    """Return what `host:port` or `[v6]:port` says, None where it says nothing of the kind."""
    found = _ENDPOINT.fullmatch(text)
    if found is None or not 1 <= int(found["port"]) <= 65535:
        return None
    return HostPort(found["v6"] or found["host"], int(found["port"]))


def endpoint(text: str) -> Endpoint | None:
    """Return the endpoint that `address:port` spells, None for names and anything else."""
    found = host_port(text)
    try:
        return None if found is None else Endpoint(str(ipaddress.ip_address(found.host)), found.port)
    except ValueError:
        return None


def nameservers(path: Path = RESOLV_CONF) -> tuple[str, ...]:
    """Return the name servers of the operator's own pod, in their order; none where that cannot be read."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return ()
    words = [line.split() for line in lines if line.startswith("nameserver")]
    return tuple(dict.fromkeys(found.address for line in words if len(line) > 1 and (found := _plain(line[1])) is not None))


def _plain(address: str) -> Endpoint | None:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    # A resolver on the operator's own loopback is not one that others could reach.
    return None if found.is_loopback else Endpoint(str(found), 53)


def service_address(environment: Mapping[str, str] = os.environ) -> tuple[Endpoint, ...]:
    """Return the address of the API server's Service, which kubelets put into every container's environment."""
    host, port = environment.get("KUBERNETES_SERVICE_HOST", ""), environment.get("KUBERNETES_SERVICE_PORT", "")
    found = endpoint(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    return () if found is None else (found,)


def node(obj: Object) -> Node:
    """Return what of a core/v1 Node matters here; host names among its addresses do not."""
    told = (obj.get("status") or {}).get("addresses") or ()
    found = [(str(one.get("type")), literal) for one in told if (literal := _literal(str(one.get("address")))) is not None]
    kubelet = tuple(literal for kind, literal in found if kind == "InternalIP")
    return Node(frozenset(literal for _, literal in found), kubelet if is_true(obj, "Ready") else ())


def _literal(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


class Around:
    """Finds out, at most once in LOOK_EVERY seconds, whoever asks."""

    def __init__(
        self,
        resolver: Resolver,
        api_servers: Callable[[], Awaitable[Sequence[str]]],
        canary: HostPort | None,
        outside: tuple[Endpoint, ...],
        nodes: Callable[[], Awaitable[Sequence[Object]]],
        *,
        servers: Callable[[], tuple[str, ...]] = nameservers,
        service: Callable[[], tuple[Endpoint, ...]] = service_address,
    ) -> None:
        self._resolver = resolver
        self._api_servers = api_servers
        self._canary = canary
        self._nodes = nodes
        self._servers = servers
        self._service = service
        self._known = Surroundings(outside=outside)
        self._looked_at = self._nodes_read_at = -inf
        self._turn = asyncio.Lock()

    async def now(self) -> Surroundings:
        """Return what is known."""
        async with self._turn:
            if asyncio.get_running_loop().time() - self._looked_at >= LOOK_EVERY:
                canaries, behind, nodes = await asyncio.gather(self._canaries(), self._endpoints_of_the_api(), self._other_nodes())
                api_servers = tuple(dict.fromkeys((*self._service(), *behind)))
                self._known = Surroundings(canaries, self._known.outside, self._servers(), api_servers, behind, nodes)
                self._looked_at = asyncio.get_running_loop().time()
        return self._known

    async def _canaries(self) -> tuple[Endpoint, ...]:
        if self._canary is None:
            return ()
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                addresses = await self._resolver.resolve(self._canary.host)
        except (errors.WaitingError, TimeoutError):
            return self._known.canaries
        return tuple(Endpoint(address, self._canary.port) for address in addresses)

    async def _endpoints_of_the_api(self) -> tuple[Endpoint, ...]:
        """Return where the API server is; its Service's address, which it tells to some clients, is none of its own."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                told = await self._api_servers()
        except (errors.ApiError, TimeoutError):
            return self._known.api_endpoints
        service = {one.address for one in self._service()}
        behind = (found for text in told if (found := endpoint(text)) is not None and found.address not in service)
        return tuple(dict.fromkeys(behind))

    async def _other_nodes(self) -> tuple[Node, ...]:
        """Return some of the cluster's nodes; none where nobody needs them, or where they may not be read, which is no trouble."""
        now = asyncio.get_running_loop().time()
        if self._known.outside or now - self._nodes_read_at < NODES_EVERY:
            return self._known.nodes
        found = self._known.nodes
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                found = tuple(map(node, await self._nodes()))
        except errors.ForbiddenError:
            pass  # a namespaced installation: its owner may grant the right later
        except (errors.ApiError, TimeoutError):
            return found  # asked for again at the next look
        self._nodes_read_at = now
        return found
