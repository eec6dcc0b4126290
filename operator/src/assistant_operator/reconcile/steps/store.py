"""Where the store is: the managed one's Service, or the host that a user's Secret names, resolved here since the pods have no DNS.

An address that the pods use is kept as long as the name still leads to it, or leads nowhere: neither a DNS that is out for a while nor
one that answers in turns may replace pods that work.
"""

import ipaddress
from collections.abc import Sequence

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.errors import WaitingError
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import SERVICE, STATEFUL_SET
from assistant_operator.kube.objects import Object, controller_uid
from assistant_operator.naming import Names
from assistant_operator.reconcile.asking.resolver import Resolver
from assistant_operator.reconcile.cluster.cache import Cache
from assistant_operator.reconcile.conditions import STORE_READY
from assistant_operator.reconcile.credentials.material import ExternalStore
from assistant_operator.reconcile.world import World
from assistant_operator.resources.context import AddressRefused, StoreAddress

UNRESOLVED_AGAIN = 30.0
REFUSED_AGAIN = 60.0


async def locate(world: World, spec: PrivateAssistantSpec, names: Names, uid: str, external: ExternalStore | None) -> StoreAddress | None:
    """Return the store's address; None where it is not known yet. WaitingError says what is wrong with a user's host."""
    if spec.managed_store is not None:
        addresses = cluster_ips(world.cache, names.namespace, names.store, uid)
        return StoreAddress.managed(names, addresses) if addresses else None
    if external is None:
        return None
    where = f"spec.store.external.secretRef: the host that the Secret {external.secret} names"
    try:
        return StoreAddress(
            name=external.host,
            addresses=await _resolve(world, names, external.host, where),
            port=external.port,
            database=external.database,
            secret=external.secret,
            username_entry=external.username_entry,
            ca=external.ca,
        )
    except AddressRefused:  # its words hold the address, which is the Secret's
        text = f"{where} leads to a loopback, link-local, multicast, mapped or unspecified address: no store is there. Correct it."
        raise WaitingError("StoreAddressRefused", text, condition=STORE_READY, after=REFUSED_AGAIN) from None


def cluster_ips(cache: Cache, namespace: str, name: str, uid: str) -> tuple[str, ...]:
    """Return the addresses of a Service of the assistant's; none where there is no such Service, or none that has any yet."""
    seen = cache.find(Ref.named(SERVICE, namespace, name))
    if seen is None or controller_uid(live := seen.obj) != uid:
        return ()
    spec = live.get("spec") or {}
    return tuple(text for text in spec.get("clusterIPs") or [spec.get("clusterIP")] if _is_address(text))


def _is_address(text: object) -> bool:
    try:
        ipaddress.ip_address(str(text))
    except ValueError:
        return False
    return True


async def _resolve(world: World, names: Names, host: str, where: str) -> tuple[str, ...]:
    if _is_address(host):
        return (host,)
    seen = world.cache.find(Ref.named(STATEFUL_SET, names.namespace, names.stateful_set))
    used = _used(seen.obj if seen else {}, host)
    try:
        found = await _ask(world.resolver, host, names.namespace, world.installation.cluster_domain)
    except WaitingError:
        if used:
            return used
        text = f"{where} does not resolve from the operator's pod: check the entry host, and the cluster's DNS."
        raise WaitingError("StoreUnresolved", text, condition=STORE_READY, after=UNRESOLVED_AGAIN) from None
    return used if set(used) & set(found) else found


async def _ask(resolver: Resolver, host: str, namespace: str, domain: str) -> tuple[str, ...]:
    """Resolve the name; one without dots is a Service of the assistant's namespace, not of the operator's."""
    return await resolver.resolve(host if "." in host else f"{host}.{namespace}.svc.{domain}")


def _used(stateful_set: Object, host: str) -> tuple[str, ...]:
    """Return the addresses to which the pods' /etc/hosts leads the name now."""
    pod = ((stateful_set.get("spec") or {}).get("template") or {}).get("spec") or {}
    aliases: Sequence[Object] = pod.get("hostAliases") or ()
    return tuple(
        sorted(str(alias.get("ip")) for alias in aliases if host in (alias.get("hostnames") or ()) and _is_address(alias.get("ip")))
    )
