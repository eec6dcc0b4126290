"""The egress proxy: the one way to the hosts that a spec allows, in a pod of its own beside the assistant's (assistant_egress.proxy).

It is there only while a host is allowed. The assistant has no DNS: its containers know the proxy by the address of the Service, and the
proxy decides by names. What it may let through is a file in a ConfigMap; who may reach it, and what it may, is in network_policy.py.
"""

import hashlib
import ipaddress
from typing import Any

from assistant_egress.proxy.rules import HostRule, NetworkRule, PortRange, Rules, encode_rules
from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.spec import AllowedNetwork
from assistant_operator.naming import ANNOTATION_EGRESS_RULES, COMPONENT_EGRESS_PROXY, EGRESS_FILE, EGRESS_FOLDER, OPS_PORT, PROXY_PORT
from assistant_operator.resources.context import Context
from assistant_operator.resources.manifest import Manifest
from assistant_operator.resources.pod import READABLE, container, pod_metadata, pod_spec

REPLICAS = 1
GRACE_SECONDS = 5
"""A rule that was taken back ends the connections made under it: nobody waits for them."""
RESOURCES = {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "192Mi"}}
NO_PROXY = "127.0.0.1,localhost,::1"


def proxy_config(spec: PrivateAssistantSpec, context: Context) -> Manifest | None:
    """Return the ConfigMap with the rules (core/v1); None where no host is allowed."""
    if not spec.egress.hosts:
        return None
    return Manifest(
        api_version="v1",
        kind="ConfigMap",
        metadata=context.metadata(context.names.egress_proxy, COMPONENT_EGRESS_PROXY),
        body={"data": {EGRESS_FILE: encode_rules(proxy_rules(spec)).decode()}},
    )


def proxy_service(spec: PrivateAssistantSpec, context: Context) -> Manifest | None:
    """Return the Service (core/v1), whose address stays while pods come and go; None where no host is allowed."""
    if not spec.egress.hosts:
        return None
    return Manifest(
        api_version="v1",
        kind="Service",
        metadata=context.metadata(context.names.egress_proxy, COMPONENT_EGRESS_PROXY),
        body={
            "spec": {
                "type": "ClusterIP",
                "selector": context.names.selector(COMPONENT_EGRESS_PROXY),
                "ports": [{"name": "connect", "port": PROXY_PORT, "targetPort": PROXY_PORT, "protocol": "TCP"}],
            }
        },
    )


def proxy_deployment(spec: PrivateAssistantSpec, context: Context) -> Manifest | None:
    """Return the Deployment (apps/v1); None where no host is allowed."""
    if not spec.egress.hosts:
        return None
    names = context.names
    annotations = {ANNOTATION_EGRESS_RULES: hashlib.sha256(encode_rules(proxy_rules(spec))).hexdigest()[:16]}
    return Manifest(
        api_version="apps/v1",
        kind="Deployment",
        metadata=context.metadata(names.egress_proxy, COMPONENT_EGRESS_PROXY),
        body={
            "spec": {
                "replicas": REPLICAS,
                "selector": {"matchLabels": names.selector(COMPONENT_EGRESS_PROXY)},
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
                "revisionHistoryLimit": 3,
                "template": {
                    "metadata": pod_metadata(spec, context, COMPONENT_EGRESS_PROXY, annotations),
                    "spec": _pod(spec, context),
                },
            }
        },
    )


def proxy_rules(spec: PrivateAssistantSpec) -> Rules:
    """Return what the proxy may let through: the hosts, and the networks in which they may be though these are not public."""
    return Rules(
        hosts=tuple(HostRule(one.host, one.port) for one in sorted(set(spec.egress.hosts))),
        networks=tuple(dict.fromkeys(rule for network in spec.egress.networks if (rule := _network(network)).ports)),
    )


def _network(network: AllowedNetwork) -> NetworkRule:
    ranges = (PortRange(one.port, one.end_port or one.port) for one in network.ports if one.protocol == "TCP")
    # The proxy reads the one spelling of a network that Python writes.
    return NetworkRule(str(ipaddress.ip_network(network.cidr)), tuple(dict.fromkeys(ranges)))


def proxy_environment(spec: PrivateAssistantSpec, context: Context) -> list[dict[str, Any]]:
    """Return the variables by which a serving container finds the proxy; none where no host is allowed, or its address is not known."""
    address = context.proxy_address
    if not spec.egress.hosts or address is None:
        return []
    url = f"http://{f'[{address}]' if ':' in address else address}:{PROXY_PORT}"
    wanted = {"HTTPS_PROXY": url, "https_proxy": url, "NO_PROXY": NO_PROXY, "no_proxy": NO_PROXY}
    return [{"name": name, "value": value} for name, value in wanted.items()]


def _pod(spec: PrivateAssistantSpec, context: Context) -> dict[str, Any]:
    containers: dict[str, Any] = {
        "containers": [_container(context)],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": GRACE_SECONDS,
    }
    config: dict[str, Any] = {
        "name": context.names.egress_proxy,
        "items": [{"key": EGRESS_FILE, "path": EGRESS_FILE}],
        "defaultMode": READABLE,
    }
    return pod_spec(spec, context, containers, ({"name": "rules", "configMap": config},), has_dns=True)


def _container(context: Context) -> dict[str, Any]:
    arguments = {"--port": PROXY_PORT, "--ops-port": OPS_PORT, "--rules": f"{EGRESS_FOLDER}/{EGRESS_FILE}"}
    return container(
        context,
        "egress-proxy",
        context.installation.gateway_image,
        command=["python3", "-m", "assistant_egress", "proxy"],
        args=[str(part) for pair in arguments.items() for part in pair],
        ports=[
            {"name": "connect", "containerPort": PROXY_PORT, "protocol": "TCP"},
            {"name": "ops", "containerPort": OPS_PORT, "protocol": "TCP"},
        ],
        livenessProbe=_probe("/healthz", periodSeconds=10, timeoutSeconds=5, failureThreshold=3),
        readinessProbe=_probe("/readyz", periodSeconds=2, timeoutSeconds=2, failureThreshold=2),
        resources=RESOURCES,
        volumeMounts=[{"name": "rules", "mountPath": EGRESS_FOLDER, "readOnly": True}],
    )


def _probe(path: str, **settings: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": OPS_PORT, "scheme": "HTTP"}, **settings}
