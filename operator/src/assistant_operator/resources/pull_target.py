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
    what: dict[str, Any] = {
        "model": Reference.parse(model.name).canonical,
        "digest": model.digest,
        "claim": source.claim.name if source.claim else None,
        "insecure": registry.insecure if registry else False,
        "credentials": registry.credentials_secret_ref.name if registry and registry.credentials_secret_ref else None,
    }
    if model.embedding is not None:
        what["embedding"] = Reference.parse(model.embedding).canonical
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:8]


def needs_target(spec: PrivateAssistantSpec) -> bool:
    """Say whether the Job reaches out at all."""
    return spec.model.source.claim is None


def pull_hosts(spec: PrivateAssistantSpec) -> tuple[str, ...]:
    """Return the names to resolve before the Job is made: none for a claim; a registry that is given by its address has no name."""
    return tuple(_ports(spec)) if needs_target(spec) else ()


def references(spec: PrivateAssistantSpec) -> tuple[Reference, ...]:
    """Return what is pulled: the model, and the embedding model where there is one."""
    names = (spec.model.name, spec.model.embedding)
    return tuple(Reference.parse(name) for name in names if name is not None)


def default_port(spec: PrivateAssistantSpec) -> int:
    """Return the port of the scheme that the registry of spec.model.name speaks."""
    registry = spec.model.source.registry
    return HTTP_PORT if registry is not None and registry.insecure else HTTPS_PORT


def registry_ports(spec: PrivateAssistantSpec) -> tuple[int, ...]:
    """Return the port of each reference's registry: its own, or its scheme's."""
    return tuple(reference.port or _scheme_port(spec, reference) for reference in references(spec))


def _scheme_port(spec: PrivateAssistantSpec, reference: Reference) -> int:
    """Return the port of the scheme that the reference's registry speaks.

    What spec.model.source.registry says of plain HTTP and of credentials is about the registry of spec.model.name: an embedding model
    that is elsewhere comes with TLS and without credentials. The puller does the same.
    """
    return default_port(spec) if reference.host == Reference.parse(spec.model.name).host else HTTPS_PORT


def pull_target(spec: PrivateAssistantSpec, addresses: Mapping[str, Sequence[str]]) -> PullTarget:
    """Return where the pull may go, from the addresses to which `pull_hosts` resolved.

    Raises KeyError for a host that was not resolved, AddressRefused for addresses that are no registry's.
    """
    if not needs_target(spec):
        return PullTarget(hosts=())
    literal = {
        (str(one.address), port) for one, port in zip(references(spec), registry_ports(spec), strict=True) if one.address is not None
    }
    given = tuple(PullHost(name=address, addresses=(address,), port=port) for address, port in sorted(literal))
    named = tuple(
        PullHost(name=host, addresses=tuple(sorted(set(addresses[host]))), port=port)
        for host, ports in _ports(spec).items()
        for port in sorted(ports)
    )
    return PullTarget(hosts=given + named)


def _ports(spec: PrivateAssistantSpec) -> dict[str, set[int]]:
    """Return every name that the pull may use, with the ports on which; one host may listen on several."""
    registry = spec.model.source.registry
    found: dict[str, set[int]] = {}
    for reference, port in zip(references(spec), registry_ports(spec), strict=True):
        if reference.address is None:
            found.setdefault(reference.hostname, set()).add(port)
        for host in KNOWN_HOSTS.get(reference.hostname, ()):
            found.setdefault(host, set()).add(_scheme_port(spec, reference))
    for host in sorted(registry.hosts if registry else ()):
        name, _, port_text = host.partition(":")
        found.setdefault(name, set()).add(int(port_text) if port_text else default_port(spec))
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
