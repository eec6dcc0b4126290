"""Kubernetes' own garbage collector beside a bare API server: kube-controller-manager with two of its controllers and nothing else.

The second takes the finalizer off claims that no pod uses; without it no PersistentVolumeClaim ever goes.
"""

import ctypes
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster import builds
from tests.cluster.apiserver import PR_SET_PDEATHSIG, ApiServer

PROGRAM = "kube-controller-manager"
CONTROLLERS = "garbage-collector-controller,persistentvolumeclaim-protection-controller"


@contextmanager
def garbage_collector(cluster: ApiServer) -> Iterator[None]:
    """Run it for a while, as an administrator."""
    builds.build(("kubernetes",), only=(PROGRAM,))
    libc = ctypes.CDLL(None)

    def die_with_parent() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    arguments = [
        f"--kubeconfig={cluster.kubeconfig}",
        f"--controllers={CONTROLLERS}",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    ]
    with (cluster.folder / f"{PROGRAM}.log").open("ab") as log:
        process = subprocess.Popen(
            [str(builds.built(PROGRAM)), *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent
        )
    try:
        yield
        assert process.poll() is None, (cluster.folder / f"{PROGRAM}.log").read_text()[-2000:]
    finally:
        process.kill()
        process.wait()
