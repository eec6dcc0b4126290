"""The gateway's container: the only port that clients reach, and the one for operations beside it."""

from collections.abc import Mapping
from typing import Any

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.spec import AccessLimits
from assistant_operator.naming import GATEWAY_PORT, KEYS_FOLDER, OPS_PORT, POLICY_FILE, POLICY_FOLDER, RUN_FOLDER, TLS_FOLDER
from assistant_operator.resources.context import Context
from assistant_operator.resources.ollama import RUN_VOLUME
from assistant_operator.resources.pod import READABLE, container
from assistant_operator.resources.secrets import TLS_CERTIFICATE_ENTRY, TLS_KEY_ENTRY, key_secrets, tls_secret_name

DRAIN_SECONDS = 60
"""How long the gateway finishes its streams after SIGTERM."""
HANDOVER_SECONDS = 5
"""How long it goes on as before, until the cluster has stopped sending to the pod."""
GRACE_SECONDS = DRAIN_SECONDS + HANDOVER_SECONDS + 10

MEBIBYTE = 2**20
BASE_MEBIBYTES = 256
MOST_MEBIBYTES = 4096


def gateway(spec: PrivateAssistantSpec, context: Context) -> dict[str, Any]:
    """Return the container."""
    return container(
        context,
        "gateway",
        context.installation.gateway_image,
        command=["python3", "-m", "assistant_gateway"],
        ports=[
            {"name": "https", "containerPort": GATEWAY_PORT, "protocol": "TCP"},
            {"name": "ops", "containerPort": OPS_PORT, "protocol": "TCP"},
        ],
        startupProbe=_probe("/livez", periodSeconds=2, timeoutSeconds=2, failureThreshold=60),
        livenessProbe=_probe("/livez", periodSeconds=10, timeoutSeconds=5, failureThreshold=3),
        readinessProbe=_probe("/readyz", periodSeconds=2, timeoutSeconds=2, failureThreshold=2),
        lifecycle={"preStop": {"sleep": {"seconds": HANDOVER_SECONDS}}},
        resources={
            "requests": {"cpu": "50m", "memory": "96Mi"},
            "limits": {"memory": f"{memory_mebibytes(spec.access.limits)}Mi"},
        },
        volumeMounts=[
            {"name": "policy", "mountPath": POLICY_FOLDER, "readOnly": True},
            {"name": "tls", "mountPath": TLS_FOLDER, "readOnly": True},
            {"name": "keys", "mountPath": KEYS_FOLDER, "readOnly": True},
            {"name": RUN_VOLUME, "mountPath": RUN_FOLDER},
        ],
    )


def gateway_volumes(spec: PrivateAssistantSpec, context: Context) -> tuple[dict[str, Any], ...]:
    """Return what the gateway reads: policy, certificate, and one file for each key, named after the key."""
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
                "sources": [
                    {"secret": {"name": secret, "items": [{"key": entry, "path": key}]}}
                    for key, (secret, entry) in key_secrets(spec, context.names).items()
                ],
            },
        },
    )


def memory_mebibytes(limits: AccessLimits) -> int:
    """Return the memory limit: room for every admitted request's body twice (as it came, and parsed), within reason."""
    bodies = 2 * limits.concurrent_requests * limits.max_body_bytes // MEBIBYTE
    return min(BASE_MEBIBYTES + bodies, MOST_MEBIBYTES)


def _item(entry: str) -> dict[str, str]:
    return {"key": entry, "path": entry}


def _probe(path: str, **settings: int) -> Mapping[str, Any]:
    return {"httpGet": {"path": path, "port": OPS_PORT, "scheme": "HTTP"}, **settings}
