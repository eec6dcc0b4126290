"""The headless Service that a StatefulSet names: it gives each pod a name of its own, which the operator calls for readiness.

It publishes pods before they are ready: the operator asks them why they are not.
"""

from assistant_operator.naming import COMPONENT_ASSISTANT, GATEWAY_PORT, OPS_PORT
from assistant_operator.resources.context import Context
from assistant_operator.resources.manifest import Manifest


def headless_service(context: Context) -> Manifest:
    """Return the Service without an address (core/v1)."""
    return Manifest(
        api_version="v1",
        kind="Service",
        metadata=context.metadata(context.names.headless_service, COMPONENT_ASSISTANT),
        body={
            "spec": {
                "clusterIP": "None",
                "publishNotReadyAddresses": True,
                "selector": context.names.selector(COMPONENT_ASSISTANT),
                "ports": [
                    {"name": "https", "port": GATEWAY_PORT, "targetPort": GATEWAY_PORT, "protocol": "TCP"},
                    {"name": "ops", "port": OPS_PORT, "targetPort": OPS_PORT, "protocol": "TCP"},
                ],
            }
        },
    )
