"""A real single Kubernetes node, in namespaces of its own, without systemd, Docker or a registry.

    host          pa0 203.0.113.1 --veth-- host0 203.0.113.2     the node: etcd, API server, controllers,
                  (kubectl from here)                            containerd, kubelet, kube-proxy, pods
    outside       dn0 198.51.100.10 --veth-- up0 198.51.100.1    "the internet": see ../outside

The whole node is one process tree below init.py, so `down` is one SIGKILL: the kernel then ends every process, mount, interface and
packet rule in it. cluster.py is the way in; addresses, credentials, configuration and services say what runs and how, enforcement.py
hooks the NetworkPolicy enforcer in, remains.py removes what a namespace cannot hold.
"""
