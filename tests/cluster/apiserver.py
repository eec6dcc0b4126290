"""etcd and kube-apiserver alone, on free ports of the loopback: the smallest cluster, ready in about two seconds.

Integration tests use it for everything that needs a real API and no pods: admission, server-side apply, watches, RBAC. There are no
controllers: owner references collect nothing, and a PersistentVolumeClaim that was deleted never goes (its finalizer stays). Any number
may run at once.

    with api_server() as cluster:
        cluster.kubeconfig   # path of a file with administrator's rights
"""

import ctypes
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster import builds
from tests.cluster.certificates import CLIENT, SERVER, Pair, authority, issue, new_key, private_pem, public_pem, write_secret
from tests.cluster.kubeconfig import kubeconfig
from tests.cluster.shell import ClusterError, run, wait_until

HOST = "127.0.0.1"
SERVICE_RANGE = "10.96.0.0/16"
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class ApiServer:
    """A running API server; `folder` holds its state and the logs."""

    folder: Path
    url: str
    kubeconfig: Path
    kubectl_path: Path
    authority: Pair
    restart: Callable[[], None] = field(compare=False)
    """Kill kube-apiserver, start it again with the same store on the same port, and wait until it answers."""

    def kubectl(self, *arguments: str | Path, stdin: str | None = None, check: bool = True) -> str:
        """Run kubectl against this API server and no other."""
        return run(self.kubectl_path, f"--kubeconfig={self.kubeconfig}", *arguments, stdin=stdin, check=check)

    def kubeconfig_for(self, user: str, *, group: str = "") -> Path:
        """Write a kubeconfig for another user, who may do what RBAC allows, and return its path."""
        path = self.folder / f"{user.replace(':', '-')}.kubeconfig"
        write_secret(path, kubeconfig(self.url, self.authority, user, issue(self.authority, user, CLIENT, organization=group)))
        return path


@contextmanager
def api_server(*, audit: bool = False, extra: tuple[str, ...] = ()) -> Iterator[ApiServer]:
    """Start an API server with an empty store, and remove both at the end.

    With `audit`, every request leaves a line in `folder/audit.jsonl`: how tests count an operator's writes.
    """
    builds.build(builds.API_SERVER, only=("etcd", "kube-apiserver", "kubectl"))
    folder = Path(tempfile.mkdtemp(prefix="private-assistant-api-"))
    started: list[subprocess.Popen[bytes]] = []
    try:
        yield _start(folder, started, audit=audit, extra=extra)
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path, started: list[subprocess.Popen[bytes]], *, audit: bool, extra: tuple[str, ...]) -> ApiServer:
    etcd_port, peer_port, api_port = _free_ports(3)
    root = _credentials(folder)
    url = f"https://{HOST}:{api_port}"
    etcd = _spawn(folder, "etcd", _etcd(folder, etcd_port, peer_port))
    started.append(etcd)
    _wait(etcd, folder, f"http://{HOST}:{etcd_port}/health", None)
    arguments = [*_kube_apiserver(folder, etcd_port, api_port), *(_audit(folder) if audit else []), *extra]
    trust = ssl.create_default_context(cadata=root.certificate_pem.decode())

    def start() -> None:
        started.append(_spawn(folder, "kube-apiserver", arguments))
        _wait(started[-1], folder, f"{url}/readyz", trust)

    def restart() -> None:
        server = started.pop()
        server.kill()
        server.wait()
        start()

    start()
    path = folder / "kubeconfig"
    write_secret(path, kubeconfig(url, root, "admin", issue(root, "admin", CLIENT, organization="system:masters")))
    return ApiServer(folder, url, path, builds.built("kubectl"), root, restart)


def _credentials(folder: Path) -> Pair:
    root = authority("private-assistant-test")
    root.write(folder, "ca")
    dns = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
    issue(root, "kube-apiserver", SERVER, dns=dns, ips=(HOST, "10.96.0.1")).write(folder, "apiserver")
    key = new_key()
    write_secret(folder / "sa.key", private_pem(key))
    (folder / "sa.pub").write_bytes(public_pem(key))
    return root


def _etcd(folder: Path, port: int, peer_port: int) -> list[str]:
    client, peer = f"http://{HOST}:{port}", f"http://{HOST}:{peer_port}"
    return [
        f"--data-dir={folder}/etcd",
        "--unsafe-no-fsync",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--log-level=warn",
    ]


def _kube_apiserver(folder: Path, etcd_port: int, port: int) -> list[str]:
    return [
        f"--etcd-servers=http://{HOST}:{etcd_port}",
        f"--bind-address={HOST}",
        f"--secure-port={port}",
        f"--advertise-address={HOST}",
        "--endpoint-reconciler-type=none",  # a loopback address is no valid endpoint
        "--authorization-mode=RBAC",
        # No controller makes the namespaces' default service account.
        "--disable-admission-plugins=ServiceAccount",
        f"--client-ca-file={folder}/ca.crt",
        f"--tls-cert-file={folder}/apiserver.crt",
        f"--tls-private-key-file={folder}/apiserver.key",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={folder}/sa.pub",
        f"--service-account-signing-key-file={folder}/sa.key",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
    ]


def _audit(folder: Path) -> list[str]:
    policy = folder / "audit-policy.json"
    policy.write_text(
        '{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [{"level": "Metadata"}]}'
    )
    whole = "--audit-log-maxsize=1000000"  # megabytes; who reads it as it grows would miss what comes after a rotation
    return [f"--audit-policy-file={policy}", f"--audit-log-path={folder}/audit.jsonl", "--audit-log-mode=blocking", whole]


def _free_ports(count: int) -> list[int]:
    """Return ports that were free a moment ago; whoever loses the race ends at once and is reported."""
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports: list[int] = [item.getsockname()[1] for item in sockets]
    for item in sockets:
        item.close()
    return ports


def _spawn(folder: Path, name: str, arguments: list[str]) -> subprocess.Popen[bytes]:
    libc = ctypes.CDLL(None)

    def die_with_parent() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # a test run that is killed leaves no server behind

    with (folder / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            [str(builds.built(name)), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )


def _wait(process: subprocess.Popen[bytes], folder: Path, url: str, trust: ssl.SSLContext | None) -> None:
    name = Path(str(process.args[0])).name if isinstance(process.args, list) else "?"

    def answers() -> bool:
        # Another server may own the port: it is ours that must be alive, and its certificate that must be right.
        if process.poll() is not None:
            tail = (folder / f"{name}.log").read_text(errors="replace")[-2000:]
            raise ClusterError(f"{name} ended with status {process.returncode}:\n{tail}")
        try:
            with urllib.request.urlopen(url, timeout=1, context=trust) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False

    wait_until(f"{name} answers", answers, 90, interval=0.05, quiet=True)
