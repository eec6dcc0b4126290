"""The two containers that try what the pod's NetworkPolicy denies, from inside the pod's own network namespace (assistant_egress).

`egress-gate` is the first to run and ends when it has seen every required way out closed: nothing that could leak starts before that.
`egress-probe` stays, as a native sidecar, and tries again for as long as the pod lives. Both are told by the operator what to try, on
EVIDENCE_PORT, and need no way out themselves. Targets are made in egress_targets.py.
"""

from typing import Any

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.naming import EVIDENCE_PORT
from assistant_operator.resources.context import Context
from assistant_operator.resources.pod import container

RESOURCES = {"requests": {"cpu": "5m", "memory": "16Mi"}, "limits": {"memory": "48Mi"}}


def egress_gate(spec: PrivateAssistantSpec, context: Context) -> list[dict[str, Any]]:
    """Return the container that holds the others back, as a list; none where evidence is reported alone."""
    if spec.egress.evidence.mode != "Required":
        return []
    return [_container(spec, context, "gate")]


def egress_probe(spec: PrivateAssistantSpec, context: Context) -> dict[str, Any]:
    """Return the container that goes on trying; restarted by the kubelet where it no longer answers, since silence closes the gateway."""
    alive = {"httpGet": {"path": "/verdict", "port": EVIDENCE_PORT, "scheme": "HTTP"}}
    return _container(spec, context, "probe", restartPolicy="Always", livenessProbe={**alive, "periodSeconds": 10, "timeoutSeconds": 5})


def _container(spec: PrivateAssistantSpec, context: Context, command: str, **fields: Any) -> dict[str, Any]:
    return container(
        context,
        f"egress-{command}",
        context.installation.gateway_image,
        command=["python3", "-m", "assistant_egress", command],
        args=["--port", str(EVIDENCE_PORT), "--require", ",".join(sorted(spec.egress.evidence.paths))],
        resources=RESOURCES,
        **fields,
    )
