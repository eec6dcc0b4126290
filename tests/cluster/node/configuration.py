"""Configuration files of containerd, CNI, kubelet and kube-proxy.

Each line with a comment was found by running without it. services.py starts the programs that read these files.
"""

import json
from pathlib import Path
from typing import Any

from tests.cluster.node.addresses import CGROUP, CLUSTER_DOMAIN, DNS_SERVICE_IP, NODE_NAME, OUTSIDE_IP, POD_RANGE
from tests.cluster.node.layout import Layout

PAUSE_IMAGE = "localhost/private-assistant-test/pause:1"

CONTAINERD = f"""version = 3
oom_score = 0
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{PAUSE_IMAGE}"
[plugins."io.containerd.cri.v1.runtime"]
disable_apparmor = true
# Without CAP_SYS_RESOURCE no process may lower its oom_score_adj, and runc would fail.
restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
SystemdCgroup = false
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["/usr/lib/cni"]
conf_dir = "/etc/cni/net.d"
"""


def write_configuration(layout: Layout) -> None:
    """Write every file."""
    folder = layout.configuration
    (folder / "containerd.toml").write_text(CONTAINERD)
    # Upstream of the cluster's DNS: the outside's server.
    (folder / "resolv.conf").write_text(f"nameserver {OUTSIDE_IP}\n")
    _write(folder / "cni" / "net.d" / "10-pods.conflist", cni())
    _write(folder / "kubelet.json", kubelet(layout))
    _write(folder / "kube-proxy.json", kube_proxy(layout))


def _write(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1))


def cni() -> dict[str, Any]:
    """Return the pod network: one bridge, no masquerading, no IPv6."""
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "isDefaultGateway": True,
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": {"type": "host-local", "ranges": [[{"subnet": POD_RANGE}]]},
    }
    # fe80:: would be a path to other pods that no policy filters.
    no_ipv6 = {"type": "tuning", "sysctl": {"net.ipv6.conf.eth0.disable_ipv6": "1"}}
    port_map = {"type": "portmap", "capabilities": {"portMappings": True}, "snat": True}
    return {"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge, no_ipv6, port_map]}


def kubelet(layout: Layout) -> dict[str, Any]:
    """Return the kubelet's configuration."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "failCgroupV1": False,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{CGROUP}",
        "failSwapOn": False,
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "oomScoreAdj": 0,
        "maxOpenFiles": 20000,
        # The disk is the machine's: never evict pods or delete images for its sake (they cannot be pulled again).
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "evictionHard": {"nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%", "memory.available": "0%"},
        "clusterDNS": [DNS_SERVICE_IP],
        "clusterDomain": CLUSTER_DOMAIN,
        "resolvConf": str(layout.configuration / "resolv.conf"),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(layout.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "readOnlyPort": 0,
        "tlsCertFile": str(layout.pki / "kubelet-server.crt"),
        "tlsPrivateKeyFile": str(layout.pki / "kubelet-server.key"),
        "volumePluginDir": "/var/lib/kubelet/volume-plugins",
    }


def kube_proxy(layout: Layout) -> dict[str, Any]:
    """Return kube-proxy's configuration."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "hostnameOverride": NODE_NAME,
        "clientConnection": {"kubeconfig": str(layout.configuration / "kube-proxy.kubeconfig")},
        "clusterCIDR": POD_RANGE,
        "nftables": {"syncPeriod": "30s", "minSyncPeriod": "100ms"},
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        # nf_conntrack_max is read-only in a child network namespace.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }
