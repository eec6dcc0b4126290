"""What runs in the node: each service's command, and what must answer before it may start.

init.py starts them and starts them again when they end.
"""

import ssl
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from tests.cluster import builds
from tests.cluster.node.addresses import (
    API_PORT,
    CLUSTER_DOMAIN,
    NODE_IP,
    NODE_NAME,
    POD_RANGE,
    SERVICE_RANGE,
)
from tests.cluster.node.layout import Layout

ETCD = "http://127.0.0.1:2379"


@dataclass(frozen=True, slots=True)
class Service:
    """One process of the node."""

    name: str
    command: list[str]
    after: Callable[[], bool] | None = None


def etcd_ready() -> bool:
    """Say whether etcd serves; asked inside the node."""
    return _ok(f"{ETCD}/health", None)


def api_ready(host: str = "127.0.0.1") -> bool:
    """Say whether the API server serves."""
    # A question about liveness: nothing secret is sent, and the answer is not trusted for anything else.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return _ok(f"https://{host}:{API_PORT}/readyz", context)


def _ok(url: str, context: ssl.SSLContext | None) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1, context=context) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def services(layout: Layout) -> tuple[Service, ...]:
    """Return every service in the order of their start."""
    kubeconfig, configuration = layout.kubeconfig, layout.configuration
    python = [sys.executable, "-m"]
    return (
        Service("etcd", [_built("etcd"), *_etcd(layout)]),
        Service("containerd", [_built("containerd"), "--config", f"{configuration}/containerd.toml"]),
        Service("outside", [*python, "tests.cluster.outside", str(layout.outside)]),
        Service("nft", [*python, "tests.cluster.node.table"]),
        Service("kube-apiserver", [_built("kube-apiserver"), *_api_server(layout)], etcd_ready),
        Service("kube-controller-manager", [_built("kube-controller-manager"), *_controller_manager(layout)], api_ready),
        Service(
            "kube-scheduler",
            [_built("kube-scheduler"), *_client(layout, "kube-scheduler"), "--leader-elect=false", "--bind-address=127.0.0.1"],
            api_ready,
        ),
        Service("kubelet", [_built("kubelet"), *_kubelet(layout)], api_ready),
        Service("kube-proxy", [_built("kube-proxy"), f"--config={configuration}/kube-proxy.json"], api_ready),
        Service("provisioner", [*python, "tests.cluster.node.provisioner", str(kubeconfig), str(layout.volumes)], api_ready),
    )


def _built(name: str) -> str:
    return str(builds.built(name))


def _etcd(layout: Layout) -> list[str]:
    return [
        f"--data-dir={layout.state}/etcd",
        "--unsafe-no-fsync",
        f"--listen-client-urls={ETCD}",
        f"--advertise-client-urls={ETCD}",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--log-level=warn",
    ]


def _api_server(layout: Layout) -> list[str]:
    pki = layout.pki
    return [
        f"--etcd-servers={ETCD}",
        f"--advertise-address={NODE_IP}",
        "--bind-address=0.0.0.0",
        f"--secure-port={API_PORT}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        f"--client-ca-file={pki}/ca.crt",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--kubelet-client-certificate={pki}/apiserver-kubelet-client.crt",
        f"--kubelet-client-key={pki}/apiserver-kubelet-client.key",
        # Without it `kubectl logs` and `exec` would accept any certificate from the kubelet.
        f"--kubelet-certificate-authority={pki}/ca.crt",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-issuer=https://kubernetes.default.svc.{CLUSTER_DOMAIN}",
        f"--service-account-key-file={pki}/sa.pub",
        f"--service-account-signing-key-file={pki}/sa.key",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        f"--requestheader-client-ca-file={pki}/front-proxy-ca.crt",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={pki}/front-proxy-client.crt",
        f"--proxy-client-key-file={pki}/front-proxy-client.key",
    ]


def _client(layout: Layout, name: str) -> list[str]:
    path = layout.configuration / f"{name}.kubeconfig"
    return [f"--kubeconfig={path}", f"--authentication-kubeconfig={path}", f"--authorization-kubeconfig={path}"]


def _controller_manager(layout: Layout) -> list[str]:
    pki = layout.pki
    return [
        *_client(layout, "kube-controller-manager"),
        f"--service-account-private-key-file={pki}/sa.key",
        f"--root-ca-file={pki}/ca.crt",
        f"--cluster-signing-cert-file={pki}/ca.crt",
        f"--cluster-signing-key-file={pki}/ca.key",
        f"--requestheader-client-ca-file={pki}/front-proxy-ca.crt",
        "--use-service-account-credentials=true",
        # At the default 20 requests a second its first 40 service accounts take 4 s.
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        f"--cluster-cidr={POD_RANGE}",
    ]


def _kubelet(layout: Layout) -> list[str]:
    folder = layout.configuration
    return [
        f"--kubeconfig={folder}/kubelet.kubeconfig",
        f"--config={folder}/kubelet.json",
        f"--hostname-override={NODE_NAME}",
        f"--node-ip={NODE_IP}",
    ]
