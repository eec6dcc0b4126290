"""The limit: the same objects, made beforehand, written by a bare loop of the same client, by as many tasks as the operator has."""

import asyncio
import time
from collections.abc import Sequence

from assistant_operator.api.v1alpha1.guard import guard
from assistant_operator.kube.aio import HttpClient
from assistant_operator.kube.connection import configuration
from assistant_operator.kube.kinds import PRIVATE_ASSISTANT
from assistant_operator.kube.objects import Object, uid_of
from assistant_operator.naming import API_VERSION, KIND, Names
from assistant_operator.reconcile.credentials import certificates
from assistant_operator.reconcile.credentials.generated import new_key
from assistant_operator.reconcile.world import utc_now
from assistant_operator.resources.context import Context, Installation
from assistant_operator.resources.plan import plan
from assistant_operator.resources.pull_target import pull_target
from assistant_operator.resources.secrets import ca_secret, key_secret, tls_secret
from bench.operator import rig
from bench.operator.rig import Place

INSTALLATION = Installation("gateway:bench", "ollama/ollama:0.24.0", "default", {"app": "operator"})


def children_of(namespace: str, number: int, uid: str) -> list[Object]:
    """Return what the operator makes for a new assistant."""
    spec, names, now = guard(rig.assistant(namespace, number)), Names(namespace, f"a{number}"), utc_now()
    ca = certificates.make_ca("bench", now)
    leaf = certificates.make_leaf(ca, names.dns_names("cluster.local"), now)
    context = Context(INSTALLATION, names, uid, 1, pull=pull_target(spec, {}), ca_certificate=ca.certificate)
    secrets = [ca_secret(context, ca.key, ca.certificate), tls_secret(context, leaf.key, leaf.certificate, ca.certificate)]
    secrets.append(key_secret(context, names.key_secret("default"), new_key()))
    return [manifest.to_dict() for manifest in (*secrets, *plan(spec, context))]


def run(where: Place, namespace: str, assistants: int, status: Object, *, by_create: bool) -> float:
    """Write so many assistants' children, by create as the operator does or by server-side apply, and a status each; return the seconds."""
    rig.make_namespace(where.api, namespace)
    made = rig.apply_all(where.api, namespace, range(assistants))
    objects = [[*children_of(namespace, number, uid_of(one)), _told(one, status)] for number, one in enumerate(made)]
    seconds = asyncio.run(_write_all(where, objects, by_create=by_create))
    where.audit.new()
    return seconds


def a_status(where: Place, namespace: str) -> Object:
    """Return a status as the operator writes it."""
    status: Object = where.api.must_get(PRIVATE_ASSISTANT, namespace, "a0")["status"]
    return status


def _told(assistant: Object, status: Object) -> Object:
    names = {field: assistant["metadata"][field] for field in ("name", "namespace", "resourceVersion")}
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": names, "status": status}


async def _write_all(where: Place, objects: Sequence[Sequence[Object]], *, by_create: bool) -> float:
    client = HttpClient(await configuration(str(where.cluster.kubeconfig)))
    waiting = list(reversed(objects))

    async def worker() -> None:
        while waiting:
            for obj in waiting.pop():
                if obj["kind"] == KIND:
                    await client.apply_status(obj)
                else:
                    await (client.create(obj) if by_create else client.apply(obj))

    begun = time.monotonic()
    await asyncio.gather(*(worker() for _ in range(rig.AT_ONCE)))
    seconds = time.monotonic() - begun
    await client.close()
    return seconds
