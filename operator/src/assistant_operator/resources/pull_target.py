"""What is pulled and from where: the hosts that a pull may reach, their addresses and ports.

The operator resolves the names (`pull_hosts`) when it makes the Job and pins what it found; the live Job is the memory of it
(`recorded_target`), so that every pass writes the same NetworkPolicy. Neighbours: pull_job.py and network_policy.py write it down.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from assistant_model.reference import DEFAULT_HOST, Reference
from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.resources.context import AddressRefused, PullHost, PullTarget

HTTPS_PORT = 443
HTTP_PORT = 80
KNOWN_HOSTS: Mapping[str, tuple[str, ...]] = {DEFAULT_HOST: ("dd20bb891979d25aebc8bec07b2b3bbc.r2.cloudflarestorage.com",)}
"""Where registries lead for blobs, for those that are known to."""


def pull_revision(spec: PrivateAssistantSpec) -> str:
    """Return 8 hex digits over what is brought from where; two spellings of one model are one."""
    model, source = spec.model, spec.model.source
    registry = source.registry
    what = {
        "model": Reference.parse(model.name).canonical,
        "digest": model.digest,
        "claim": source.claim.name if source.claim else None,
        "insecure": registry.insecure if registry else False,
        "credentials": registry.credentials_secret_ref.name if registry and registry.credentials_secret_ref else None,
    }
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:8]


def needs_target(spec: PrivateAssistantSpec) -> bool:
    """Say whether the Job reaches out at all."""
    return spec.model.source.claim is None


def pull_hosts(spec: PrivateAssistantSpec) -> tuple[str, ...]:
    """Return the names to resolve before the Job is made: none for a claim; a registry that is given by its address has no name."""
    return tuple(_ports(spec)) if needs_target(spec) else ()


def default_port(spec: PrivateAssistantSpec) -> int:
    """Return the port of the scheme that the registry speaks."""
    registry = spec.model.source.registry
    return HTTP_PORT if registry is not None and registry.insecure else HTTPS_PORT


def pull_port(spec: PrivateAssistantSpec) -> int:
    """Return the registry's port: the reference's, or the scheme's."""
    return Reference.parse(spec.model.name).port or default_port(spec)


def pull_target(spec: PrivateAssistantSpec, addresses: Mapping[str, Sequence[str]]) -> PullTarget:
    """Return where the pull may go, from the addresses to which `pull_hosts` resolved.

    Raises KeyError for a host that was not resolved, AddressRefused for addresses that are no registry's.
    """
    if not needs_target(spec):
        return PullTarget(hosts=())
    literal = Reference.parse(spec.model.name).address
    given = (PullHost(name=str(literal), addresses=(str(literal),), port=pull_port(spec)),) if literal is not None else ()
    named = tuple(
        PullHost(name=host, addresses=tuple(sorted(set(addresses[host]))), port=port)
        for host, ports in _ports(spec).items()
        for port in sorted(ports)
    )
    return PullTarget(hosts=given + named)


def _ports(spec: PrivateAssistantSpec) -> dict[str, set[int]]:
    """Return every name that the pull may use, with the ports on which; one host may listen on several."""
    reference, registry = Reference.parse(spec.model.name), spec.model.source.registry
    found: dict[str, set[int]] = {}
    if reference.address is None:
        found[reference.hostname] = {pull_port(spec)}
    for host in (*KNOWN_HOSTS.get(reference.hostname, ()), *sorted(registry.hosts if registry else ())):
        name, _, port = host.partition(":")
        found.setdefault(name, set()).add(int(port) if port else default_port(spec))
    return found


def recorded_target(spec: PrivateAssistantSpec, job: Mapping[str, Any]) -> PullTarget | None:
    """Return the target that a live Job of this spec was made for; None where it does not hold one (then resolve anew)."""
    addresses: dict[str, list[str]] = {}
    for alias in job["spec"]["template"]["spec"].get("hostAliases", ()):
        for host in alias.get("hostnames", ()):
            addresses.setdefault(host, []).append(alias["ip"])
    try:
        return pull_target(spec, addresses)
    except (KeyError, AddressRefused):
        return None  # made by another version, or by another hand
