"""The node's certificates, keys and kubeconfigs: two authorities, one key pair for each component."""

from pathlib import Path

from tests.cluster import certificates
from tests.cluster.certificates import CLIENT, SERVER, Pair, issue
from tests.cluster.kubeconfig import kubeconfig
from tests.cluster.node.addresses import API_PORT, API_SERVICE_IP, CLUSTER_DOMAIN, NODE_IP, NODE_NAME

ADMIN = "admin"
COMPONENTS = {
    "kubelet": (f"system:node:{NODE_NAME}", "system:nodes"),
    "kube-controller-manager": ("system:kube-controller-manager", ""),
    "kube-scheduler": ("system:kube-scheduler", ""),
    "kube-proxy": ("system:kube-proxy", ""),
}
"""Component -> user and group that RBAC's default rules and the Node authorizer expect."""


def write_credentials(pki: Path, configuration: Path, admin_kubeconfig: Path) -> None:
    """Make every certificate and kubeconfig anew."""
    pki.mkdir(mode=0o700, parents=True, exist_ok=True)
    root, front = certificates.authority("private-assistant"), certificates.authority("private-assistant-front-proxy")
    root.write(pki, "ca")
    front.write(pki, "front-proxy-ca")
    _serving(root).write(pki, "apiserver")
    issue(root, f"system:node:{NODE_NAME}", SERVER, organization="system:nodes", dns=(NODE_NAME,), ips=(NODE_IP,)).write(
        pki, "kubelet-server"
    )
    issue(root, "kube-apiserver-kubelet-client", CLIENT, organization="system:masters").write(pki, "apiserver-kubelet-client")
    issue(front, "front-proxy-client", CLIENT).write(pki, "front-proxy-client")
    _service_account_key(pki)
    server = f"https://{NODE_IP}:{API_PORT}"
    for name, (user, group) in COMPONENTS.items():
        client = issue(root, user, CLIENT, organization=group)
        certificates.write_secret(configuration / f"{name}.kubeconfig", kubeconfig(server, root, name, client))
    admin = issue(root, ADMIN, CLIENT, organization="system:masters")
    certificates.write_secret(admin_kubeconfig, kubeconfig(server, root, ADMIN, admin))


def _serving(root: Pair) -> Pair:
    base = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{CLUSTER_DOMAIN}", "localhost")
    return issue(root, "kube-apiserver", SERVER, dns=base, ips=(API_SERVICE_IP, NODE_IP, "127.0.0.1"))


def _service_account_key(pki: Path) -> None:
    key = certificates.new_key()
    certificates.write_secret(pki / "sa.key", certificates.private_pem(key))
    (pki / "sa.pub").write_bytes(certificates.public_pem(key))
