"""What an assistant keeps, looked at from outside: the files of its store's volume on the node, and what its status says of them."""

import http.client
import json
import os
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from assistant_operator.naming import Names
from tests.cluster.node.cluster import Node
from tests.e2e.support.assistants import Assistants
from tests.e2e.support.kubectl import Kubectl, KubectlError, Object

BLOCK = 1 << 20


class Volume:
    """The volume of a managed store, as the folder on the node that it is."""

    def __init__(self, node: Node, kubectl: Kubectl, name: str) -> None:
        claim = kubectl.get("pvc", store_claim(kubectl, name))
        volume = kubectl.get("pv", claim["spec"]["volumeName"])
        self.folder = Path(volume["spec"]["hostPath"]["path"])
        assert self.folder.is_relative_to(node.layout.volumes)

    def files(self) -> Iterator[Path]:
        """Yield every file: tables, indexes, write-ahead log, and what the server logs there, if it does."""
        # os.walk and not rglob: a folder that goes away meanwhile, as the server's temporary ones do, ends the latter.
        paths = (Path(folder, name) for folder, _, names in os.walk(self.folder) for name in names)
        yield from (path for path in paths if path.is_file() and not path.is_symlink())

    def occurrences(self, *canaries: str) -> dict[str, int]:
        """Return how often each text is in the raw bytes of all files, written as it is, in UTF-16 or as hexadecimal digits."""
        forms = {text: (text.encode(), text.encode("utf-16-le"), text.encode().hex().encode()) for text in canaries}
        found = dict.fromkeys(canaries, 0)
        for path in self.files():
            try:
                content = path.read_bytes()
            except FileNotFoundError:  # a log segment that was recycled meanwhile
                continue
            for text, looks in forms.items():
                found[text] += sum(content.count(look) for look in looks)
        return found

    def size(self) -> int:
        return sum(map(_size, self.files()))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # as above
        return 0


def store_claim(kubectl: Kubectl, name: str) -> str:
    """Return the name of the managed store's PersistentVolumeClaim."""
    store = Names(kubectl.namespace, name).store
    claims: list[str] = [found["metadata"]["name"] for found in kubectl.list("pvc")]
    (claim,) = [one for one in claims if store in one]
    return claim


def store_pod(kubectl: Kubectl, name: str) -> str:
    return f"{Names(kubectl.namespace, name).store}-0"


def source(assistant: Object, name: str) -> dict[str, Any]:
    """Return what status says about a source, {} where it says nothing yet."""
    return next((one for one in (assistant.get("status") or {}).get("sources") or () if one["name"] == name), {})


def failed(found: Mapping[str, Any]) -> dict[str, int]:
    return {one["reason"]: one["count"] for one in found.get("failed") or ()}


def ask_pod(assistants: Assistants, request: Mapping[str, Any], *, name: str, key: str, number: int = 0) -> tuple[int, Any]:
    """Send a request to a pod itself, past the Service, which leads to ready pods alone; return status and body.

    A GET whose connection breaks is sent again: port-forwards do break. Anything else could be done twice.
    """
    tries = 3 if request.get("method") == "GET" else 1
    for left in reversed(range(tries)):
        try:
            return _ask_pod(assistants, request, name, key, number)
        except (OSError, http.client.HTTPException, KubectlError):
            if not left:
                raise
            time.sleep(1)  # before the next try
    raise AssertionError("unreachable")


def _ask_pod(assistants: Assistants, request: Mapping[str, Any], name: str, key: str, number: int) -> tuple[int, Any]:
    context = ssl.create_default_context(cadata=assistants.authority(name))
    host = f"{name}.{assistants.kubectl.namespace}.svc.cluster.local"
    with assistants.kubectl.forward(f"pod/{name}-{number}", 8443) as port:
        connection = http.client.HTTPSConnection(host, port, context=context, timeout=60)
        plain = socket.create_connection(("127.0.0.1", port), 10)
        connection.sock = context.wrap_socket(plain, server_hostname=host)
        try:
            body = json.dumps(request["body"]) if "body" in request else None
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"} | request.get("headers", {})
            connection.request(request.get("method", "POST"), request["path"], body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
    return answer.status, json.loads(text) if text else None
