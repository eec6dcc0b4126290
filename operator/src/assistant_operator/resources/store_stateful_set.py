"""The managed store: a StatefulSet of one PostgreSQL server, its Service and its volume, for this assistant alone.

One replica, since a StatefulSet never runs two pods of one name: one volume, one server. What it does at its start is in store_script.py,
who may reach it in network_policy.py.
"""

from typing import Any

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.store import ManagedStore
from assistant_operator.api.v1alpha1.values import quantity
from assistant_operator.naming import COMPONENT_STORE, STORE_PORT
from assistant_operator.resources.context import Context
from assistant_operator.resources.manifest import Manifest
from assistant_operator.resources.pod import READABLE, STORE_USER, container, memory_volume, pod_metadata, pod_spec
from assistant_operator.resources.secrets import PASSWORD_ENTRY, TLS_CERTIFICATE_ENTRY, TLS_KEY_ENTRY
from assistant_operator.resources.store_script import SCRIPT

DATA_FOLDER = "/var/lib/postgresql"
"""Where the public images declare a volume: one of ours must be there, or the runtime makes one on the node's disk."""
RUN_FOLDER = "/run/postgresql"
CREDENTIALS_FOLDER = "/etc/private-assistant/store"
TLS_FOLDER = "/etc/private-assistant/tls"
LOOK_SECONDS = 10
GRACE_SECONDS = 60
MEMORY = "1Gi"
RESOURCES = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": MEMORY}}
MEBIBYTE = 2**20
LEAST_MEBIBYTES, MOST_MEBIBYTES = 16, 2000


def store_stateful_set(spec: PrivateAssistantSpec, context: Context) -> Manifest | None:
    """Return the StatefulSet (apps/v1); None where there is no store or it is the user's."""
    store, names = spec.managed_store, context.names
    if store is None:
        return None
    return Manifest(
        api_version="apps/v1",
        kind="StatefulSet",
        metadata=context.metadata(names.store, COMPONENT_STORE),
        body={
            "spec": {
                "replicas": 1,
                "serviceName": names.store,
                "selector": {"matchLabels": names.selector(COMPONENT_STORE)},
                # In order, a pod that cannot start (its image, its resources) is not replaced when the spec is mended.
                "podManagementPolicy": "Parallel",
                "updateStrategy": {"type": "RollingUpdate"},
                "revisionHistoryLimit": 3,
                "template": {"metadata": pod_metadata(spec, context, COMPONENT_STORE, {}), "spec": _pod(spec, store, context)},
            }
        },
    )


def store_service(spec: PrivateAssistantSpec, context: Context) -> Manifest | None:
    """Return the Service (core/v1), whose address stays while pods come and go: the gateways have no DNS and pin it."""
    if spec.managed_store is None:
        return None
    return Manifest(
        api_version="v1",
        kind="Service",
        metadata=context.metadata(context.names.store, COMPONENT_STORE),
        body={
            "spec": {
                "type": "ClusterIP",
                "selector": context.names.selector(COMPONENT_STORE),
                "ports": [{"name": "postgres", "port": STORE_PORT, "targetPort": STORE_PORT, "protocol": "TCP"}],
            }
        },
    )


def store_volume(spec: PrivateAssistantSpec, context: Context) -> Manifest | None:
    """Return the claim for what is kept (core/v1). Where it leaves the plan it is pruned, and all that is kept with it."""
    store = spec.managed_store
    if store is None:
        return None
    wanted: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": store.size}}}
    if store.storage_class_name is not None:
        wanted["storageClassName"] = store.storage_class_name
    return Manifest(
        api_version="v1",
        kind="PersistentVolumeClaim",
        metadata=context.metadata(context.names.store, COMPONENT_STORE),
        body={"spec": wanted},
    )


def _pod(spec: PrivateAssistantSpec, store: ManagedStore, context: Context) -> dict[str, Any]:
    containers: dict[str, Any] = {
        "containers": [_container(store, context)],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": GRACE_SECONDS,
    }
    names = context.names
    volumes = (
        {"name": "data", "persistentVolumeClaim": {"claimName": names.store}},
        _secret("credentials", names.store, PASSWORD_ENTRY),
        _secret("tls", names.store_tls_secret, TLS_CERTIFICATE_ENTRY, TLS_KEY_ENTRY),
        memory_volume("run", "4Mi"),
        memory_volume("shm", f"{2 * memory_mebibytes(store)}Mi"),
    )
    return pod_spec(spec, context, containers, volumes, user=STORE_USER)


def _container(store: ManagedStore, context: Context) -> dict[str, Any]:
    probe = {"tcpSocket": {"port": STORE_PORT}, "timeoutSeconds": 5}
    environment = {
        "STORE_DATA": DATA_FOLDER,
        "STORE_RUN": RUN_FOLDER,
        "STORE_CREDENTIALS": CREDENTIALS_FOLDER,
        "STORE_TLS": TLS_FOLDER,
        "STORE_LOOK_SECONDS": str(LOOK_SECONDS),
        "STORE_MEMORY": f"{memory_mebibytes(store)}MB",
        "LC_ALL": "C",
        "TZ": "UTC",
    }
    return container(
        context,
        "store",
        context.installation.store_image,
        user=STORE_USER,
        command=["/bin/sh", "-c", SCRIPT],
        env=[{"name": name, "value": value} for name, value in environment.items()],
        ports=[{"name": "postgres", "containerPort": STORE_PORT, "protocol": "TCP"}],
        # It listens after it has recovered from a crash: minutes, where much was under way.
        startupProbe={**probe, "periodSeconds": 2, "failureThreshold": 900},
        readinessProbe={**probe, "periodSeconds": 5, "failureThreshold": 2},
        livenessProbe={**probe, "periodSeconds": 20, "failureThreshold": 6},
        resources=store.resources.to_dict() if store.resources is not None else RESOURCES,
        volumeMounts=[
            {"name": "data", "mountPath": DATA_FOLDER},
            {"name": "credentials", "mountPath": CREDENTIALS_FOLDER, "readOnly": True},
            {"name": "tls", "mountPath": TLS_FOLDER, "readOnly": True},
            {"name": "run", "mountPath": RUN_FOLDER},
            {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108  # what its processes share: a runtime's own has 64 MiB
        ],
    )


def memory_mebibytes(store: ManagedStore) -> int:
    """Return the memory for its cache, and as much again for the building of an index: an eighth of its limit each."""
    limits = (store.resources.limits if store.resources is not None else None) or {}
    limit = quantity(limits.get("memory", MEMORY)) or 0
    return min(max(int(limit) // 8 // MEBIBYTE, LEAST_MEBIBYTES), MOST_MEBIBYTES)


def _secret(volume: str, name: str, *entries: str) -> dict[str, Any]:
    items = [{"key": entry, "path": entry} for entry in entries]
    return {"name": volume, "secret": {"secretName": name, "items": items, "defaultMode": READABLE}}
