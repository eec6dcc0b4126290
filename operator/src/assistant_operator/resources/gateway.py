"""The gateway's container: the only port that clients reach, and the one for operations beside it."""

from collections.abc import Iterator, Mapping
from typing import Any

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.spec import AccessLimits
from assistant_operator.naming import (
    CA_ENTRY,
    DOCUMENTS_SOCKET,
    ENCRYPTION_FOLDER,
    GATEWAY_PORT,
    INGEST_KEY,
    KEY_ENTRY,
    KEYS_FOLDER,
    OPS_PORT,
    OTHER_KEY_ENTRY,
    OTHER_KEY_SUFFIX,
    POLICY_FILE,
    POLICY_FOLDER,
    RUN_FOLDER,
    STORE_FOLDER,
    TLS_FOLDER,
)
from assistant_operator.resources.context import Context
from assistant_operator.resources.documents import documents_mount
from assistant_operator.resources.egress_proxy import proxy_environment
from assistant_operator.resources.ollama import RUN_VOLUME
from assistant_operator.resources.pod import READABLE, container
from assistant_operator.resources.secrets import (
    PASSWORD_ENTRY,
    TLS_CERTIFICATE_ENTRY,
    TLS_KEY_ENTRY,
    USERNAME_ENTRY,
    generated_keys,
    key_secrets,
    tls_secret_name,
)

DRAIN_SECONDS = 60
"""How long the gateway finishes its streams after SIGTERM."""
HANDOVER_SECONDS = 5
"""How long it goes on as before, until the cluster has stopped sending to the pod."""
GRACE_SECONDS = DRAIN_SECONDS + HANDOVER_SECONDS + 10

MEBIBYTE = 2**20
BASE_MEBIBYTES = 256
MOST_MEBIBYTES = 4096
STORE_MEBIBYTES = 128
"""For the store's driver, and what is sealed and cut."""
NAMES_MEBIBYTES = {"Off": 0, "Standard": 256, "HighRecall": 256}
"""For the process that finds names: twice what it was seen to take (docs/redaction.md)."""
REQUEST_MEBIBYTES = 96
HUGE_PAGES = {"name": "GLIBC_TUNABLES", "value": "glibc.malloc.hugetlb=1"}
"""Huge pages where the node lends them (madvise): the automata that search for personal data jump about, and take an eighth less time."""


def gateway(spec: PrivateAssistantSpec, context: Context) -> dict[str, Any]:
    """Return the container."""
    names = NAMES_MEBIBYTES[spec.redaction.names.mode]
    fields: dict[str, Any] = {"args": _arguments(spec)} if spec.keeps else {}
    return container(
        context,
        "gateway",
        context.installation.gateway_image,
        command=["python3", "-m", "assistant_gateway"],
        env=[HUGE_PAGES, *proxy_environment(spec, context)],
        **fields,
        ports=[
            {"name": "https", "containerPort": GATEWAY_PORT, "protocol": "TCP"},
            {"name": "ops", "containerPort": OPS_PORT, "protocol": "TCP"},
        ],
        startupProbe=_probe("/livez", periodSeconds=2, timeoutSeconds=2, failureThreshold=60),
        livenessProbe=_probe("/livez", periodSeconds=10, timeoutSeconds=5, failureThreshold=3),
        readinessProbe=_probe("/readyz", periodSeconds=2, timeoutSeconds=2, failureThreshold=2),
        lifecycle={"preStop": {"sleep": {"seconds": HANDOVER_SECONDS}}},
        resources={
            "requests": {"cpu": "50m", "memory": f"{REQUEST_MEBIBYTES + names // 2}Mi"},
            "limits": {"memory": f"{memory_mebibytes(spec.access.limits, keeps=spec.keeps) + names}Mi"},
        },
        volumeMounts=[
            {"name": "policy", "mountPath": POLICY_FOLDER, "readOnly": True},
            {"name": "tls", "mountPath": TLS_FOLDER, "readOnly": True},
            {"name": "keys", "mountPath": KEYS_FOLDER, "readOnly": True},
            {"name": RUN_VOLUME, "mountPath": RUN_FOLDER},
            *_memory_mounts(spec),
        ],
    )


def _arguments(spec: PrivateAssistantSpec) -> list[str]:
    arguments = ["--store", STORE_FOLDER, "--encryption-keys", ENCRYPTION_FOLDER]
    return arguments + (["--documents-socket", DOCUMENTS_SOCKET] if spec.rag is not None else [])


def _memory_mounts(spec: PrivateAssistantSpec) -> list[dict[str, Any]]:
    mounts: list[dict[str, Any]] = []
    if spec.keeps:
        mounts += [
            {"name": "store", "mountPath": STORE_FOLDER, "readOnly": True},
            {"name": "encryption", "mountPath": ENCRYPTION_FOLDER, "readOnly": True},
        ]
    return mounts + ([documents_mount()] if spec.rag is not None else [])


def gateway_volumes(spec: PrivateAssistantSpec, context: Context) -> tuple[dict[str, Any], ...]:
    """Return what the gateway reads: policy, certificate, one file for each key, named after the key, and what opens the store."""
    return (
        {
            "name": "policy",
            "configMap": {
                "name": context.names.policy_config,
                "items": [{"key": POLICY_FILE, "path": POLICY_FILE}],
                "defaultMode": READABLE,
            },
        },
        {
            "name": "tls",
            "secret": {
                "secretName": tls_secret_name(spec, context.names),
                "items": [_item(TLS_CERTIFICATE_ENTRY), _item(TLS_KEY_ENTRY)],
                "defaultMode": READABLE,
            },
        },
        {
            "name": "keys",
            "projected": {
                "defaultMode": READABLE,
                "sources": [*_key_sources(spec, context)],
            },
        },
        *_memory_volumes(spec, context),
    )


def _key_sources(spec: PrivateAssistantSpec, context: Context) -> Iterator[dict[str, Any]]:
    """Yield one file for each key, and for those that are generated one that is there while the key is being replaced."""
    for key, (secret, entry) in (key_secrets(spec, context.names) | _ingest_key(spec, context)).items():
        yield _projected(secret, {entry: key})
        if key == INGEST_KEY or key in generated_keys(spec):
            other = _projected(secret, {OTHER_KEY_ENTRY: f"{key}{OTHER_KEY_SUFFIX}"})
            other["secret"]["optional"] = True
            yield other


def _ingest_key(spec: PrivateAssistantSpec, context: Context) -> dict[str, tuple[str, str]]:
    wanted = spec.rag is not None and spec.rag.sources
    return {INGEST_KEY: (context.names.ingest_secret, KEY_ENTRY)} if wanted else {}


def _memory_volumes(spec: PrivateAssistantSpec, context: Context) -> tuple[dict[str, Any], ...]:
    store = context.store
    if not spec.keeps or store is None:
        return ()
    sources = [_projected(store.secret, {store.username_entry: USERNAME_ENTRY, store.password_entry: PASSWORD_ENTRY})]
    if store.ca is not None:
        secret, entry = store.ca
        sources.append(_projected(secret, {entry: CA_ENTRY}))
    return (
        {"name": "store", "projected": {"defaultMode": READABLE, "sources": sources}},
        # All of its entries: a key that is added is read, the old ones still open what they sealed.
        {"name": "encryption", "secret": {"secretName": context.names.encryption_secret, "defaultMode": READABLE}},
    )


def _projected(secret: str, paths: Mapping[str, str]) -> dict[str, Any]:
    return {"secret": {"name": secret, "items": [{"key": entry, "path": path} for entry, path in paths.items()]}}


def memory_mebibytes(limits: AccessLimits, *, keeps: bool = False) -> int:
    """Return the memory limit: room for every admitted request's body twice (as it came, and parsed), within reason."""
    bodies = 2 * limits.concurrent_requests * limits.max_body_bytes // MEBIBYTE
    return min(BASE_MEBIBYTES + bodies, MOST_MEBIBYTES) + (STORE_MEBIBYTES if keeps else 0)


def _item(entry: str) -> dict[str, str]:
    return {"key": entry, "path": entry}


def _probe(path: str, **settings: int) -> Mapping[str, Any]:
    return {"httpGet": {"path": path, "port": OPS_PORT, "scheme": "HTTP"}, **settings}
