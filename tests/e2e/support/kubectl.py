"""kubectl against the test's own cluster: what a user would type, with answers as JSON."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.statuslint import lint

Object = dict[str, Any]
_UNHEARD = re.compile(
    r"^(The connection to the server \S+ was refused|Unable to connect to the server|"
    r"error: (error dialing backend|unable to upgrade connection)|"
    r"Error from server( \((ServiceUnavailable|Timeout|InternalError)\))?: .*"
    r"(etcdserver|leader changed|error dialing backend|connection refused|connection reset|i/o timeout|TLS handshake timeout|"
    r"unable to handle the request))",
    re.MULTILINE,
)
"""What kubectl itself says where a busy machine kept a command from its work: it was not begun, or is one that may be said twice."""
_TRIES = 4


class KubectlError(AssertionError):
    """A command failed; the text is kubectl's own."""


class Kubectl:
    """One kubeconfig, one namespace."""

    def __init__(self, kubeconfig: Path, namespace: str = "default") -> None:
        self.kubeconfig = kubeconfig
        self.namespace = namespace

    def within(self, namespace: str) -> "Kubectl":
        return Kubectl(self.kubeconfig, namespace)

    def command(self, *arguments: str) -> list[str]:
        return ["kubectl", f"--kubeconfig={self.kubeconfig}", f"--namespace={self.namespace}", *arguments]

    def run(self, *arguments: str, stdin: str | None = None, check: bool = True, timeout: float = 120) -> str:
        """Return standard output; raises KubectlError with standard error where the command fails."""
        for left in reversed(range(_TRIES)):
            done = subprocess.run(self.command(*arguments), input=stdin, capture_output=True, text=True, timeout=timeout, check=False)
            if not (done.returncode and left and _UNHEARD.search(done.stderr)):
                break
            time.sleep(1)  # before the next try
        if check and done.returncode:
            raise KubectlError(f"kubectl {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def refused(self, *arguments: str, stdin: str | None = None) -> str:
        """Return what kubectl says as it fails; raises AssertionError where it succeeds."""
        done = subprocess.run(self.command(*arguments), input=stdin, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode, f"kubectl {' '.join(arguments)} succeeded:\n{done.stdout}"
        return done.stderr

    def apply(self, *objects: Mapping[str, Any]) -> str:
        return self.run("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def get(self, kind: str, name: str) -> Object:
        found: Object = json.loads(self.run("get", kind, name, "-o", "json"))
        return _checked(found)

    def find(self, kind: str, name: str) -> Object | None:
        """Return the object, None where there is none."""
        text = self.run("get", kind, name, "-o", "json", "--ignore-not-found")
        return _checked(json.loads(text)) if text.strip() else None

    def list(self, kind: str, labels: str = "") -> list[Object]:
        selector = [f"--selector={labels}"] if labels else []
        items: list[Object] = json.loads(self.run("get", kind, *selector, "-o", "json"))["items"]
        return [_checked(item) for item in items]

    def patch(self, kind: str, name: str, change: Mapping[str, Any]) -> None:
        self.run("patch", kind, name, "--type=merge", "--patch", json.dumps(change))

    def delete(self, kind: str, name: str, *, wait: bool = True) -> None:
        self.run("delete", kind, name, "--ignore-not-found", f"--wait={'true' if wait else 'false'}", timeout=180)

    def wait_for(self, kind: str, name: str, what: str, seconds: float = 120) -> None:
        """What: `condition=Ready`, `condition=Ready=false`, `delete` or `jsonpath=...`, as `kubectl wait --for` takes it."""
        try:
            self.run("wait", f"--for={what}", f"{kind}/{name}", f"--timeout={seconds}s", timeout=seconds + 30)
        except KubectlError as error:
            raise KubectlError(f"{error}\n{self.explain(kind, name)}") from None

    def explain(self, kind: str, name: str) -> str:
        """Return what one wants to read when a wait gave up: the status, pods and events; assistants' objects hold no content."""
        status = (self.find(kind, name) or {}).get("status")
        pods = self.run("get", "pods", "-o", "wide", check=False)
        events = self.run("get", "events", "--sort-by=.lastTimestamp", check=False)
        return "\n".join([json.dumps(status, indent=1), pods, *events.splitlines()[-15:]])

    def account(self) -> str:
        """Return what one wants to read when a test has failed: the namespace's assistants, Jobs, pods, events, and last lines."""
        told = [self.run("get", "pa", "-o", "jsonpath={range .items[*]}{.metadata.name}: {.status}{'\\n'}{end}", check=False)]
        told += [self.run("get", kind, "-o", "wide", check=False) for kind in ("jobs", "pods")]
        told += self.run("get", "events", "--sort-by=.lastTimestamp", check=False).splitlines()[-40:]
        for pod in self.list("pods"):
            name = pod["metadata"]["name"]
            told += [f"--- {name}", self.run("logs", name, "--all-containers=true", "--prefix", "--tail=15", check=False)]
        return "\n".join(told)

    def execute(self, pod: str, *command: str, container: str | None = None, stdin: str | None = None, timeout: float = 60) -> str:
        where = [f"--container={container}"] if container else []
        return self.run("exec", *(["-i"] if stdin is not None else []), pod, *where, "--", *command, stdin=stdin, timeout=timeout)

    def logs(self, pod: str, *, container: str | None = None, previous: bool = False) -> str:
        which = [f"--container={container}"] if container else ["--all-containers=true"]
        return self.run("logs", pod, *which, *(["--previous"] if previous else []), check=False)

    @contextmanager
    def forward(self, target: str, port: int) -> Iterator[int]:
        """Forward a free local port to the target (`service/x`, `pod/x`) and yield it; the kubelet connects from inside the pod."""
        process = subprocess.Popen(
            self.command("port-forward", "--address=127.0.0.1", target, f":{port}"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        try:
            line = process.stdout.readline()  # "Forwarding from 127.0.0.1:40123 -> 8443"
            if "Forwarding from" not in line:
                raise KubectlError(f"port-forward to {target}: {line}{process.stdout.read()}")
            yield int(line.split("->")[0].rsplit(":", 1)[1])
        finally:
            process.terminate()
            process.wait(timeout=10)
            process.stdout.close()


def until(what: str, found: Callable[[], Any], seconds: float = 60, every: float = 0.25) -> Any:
    """Return the first true answer of `found`; raises AssertionError that says what was waited for."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(every)  # between two looks at the condition
    return answer


def _checked(obj: Object) -> Object:
    """Return the object; whoever reads an assistant checks its status by the way, also between an edit and the answer to it."""
    if obj.get("kind") == "PrivateAssistant" and obj.get("status"):
        assert lint(obj, is_settled=False) == [], json.dumps(obj["status"], indent=1)
    return obj


def condition(obj: Mapping[str, Any], kind: str) -> Object:
    """Return one condition of an object's status, {} where it has none of that type."""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return next((found for found in conditions if found["type"] == kind), {})
