"""The Service that clients of one assistant call.

Its selector follows the StatefulSet's pods; the headless twin that a StatefulSet needs for stable names is in headless_service.py.
"""

from assistant_operator.naming import COMPONENT_ASSISTANT, GATEWAY_PORT, SERVICE_PORT
from assistant_operator.resources.context import Context
from assistant_operator.resources.manifest import Manifest


def service(context: Context) -> Manifest:
    """Return the Service in front of the assistant's gateways (core/v1, one TLS port)."""
    return Manifest(
        api_version="v1",
        kind="Service",
        metadata=context.metadata(context.names.service, COMPONENT_ASSISTANT),
        body={
            "spec": {
                "type": "ClusterIP",
                "selector": context.names.selector(COMPONENT_ASSISTANT),
                "ports": [{"name": "https", "port": SERVICE_PORT, "targetPort": GATEWAY_PORT, "protocol": "TCP"}],
            }
        },
    )


def endpoint(context: Context) -> str:
    """Return the URL under which clients in the cluster call the assistant."""
    return f"https://{context.names.service}.{context.names.namespace}.svc.{context.installation.cluster_domain}"
