"""What a user, a controller or a kubelet would do to a real API server: reads, edits by hand, status that nobody else writes here."""

import base64
import json
import ssl
import time
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from assistant_operator.kube.kinds import LEASE, PRIVATE_ASSISTANT, Kind, kind_of
from assistant_operator.kube.objects import Object, name_of, namespace_of
from tests.cluster.apiserver import ApiServer

HAND = "kubectl-edit"
"""The field manager of edits by hand."""


class Api:
    """An administrator."""

    def __init__(self, cluster: ApiServer) -> None:
        self._url = cluster.url
        self._trust = _trust(cluster.kubeconfig, cluster.folder)
        self._http = httpx.Client(base_url=cluster.url, verify=self._trust, timeout=30)

    def close(self) -> None:
        self._http.close()

    def _get(self, path: str, params: dict[str, str] | None = None) -> httpx.Response:
        """Read, and once more while the API server asks for a moment: after a change of the CRD it makes its storage anew."""
        for _ in range(50):
            answer = self._http.get(path, params=params or {})
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                return answer
            time.sleep(0.2)  # before the next try
        return answer

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        answer = self._get(kind.path(namespace, name))
        return None if answer.status_code == 404 else _checked(answer)

    def must_get(self, kind: Kind, namespace: str, name: str) -> Object:
        return _checked(self._get(kind.path(namespace, name)))

    def list(self, kind: Kind, namespace: str | None, labels: str = "") -> list[Object]:
        answer = _checked(self._get(kind.path(namespace), {"labelSelector": labels} if labels else {}))
        return [{"apiVersion": kind.api_version, "kind": kind.kind, **item} for item in answer["items"]]

    def create(self, obj: Object, *, path: str | None = None) -> Object:
        return _checked(self._http.post(path or kind_of(obj).path(namespace_of(obj)), json=obj))

    def apply(self, obj: Object, manager: str = "kubectl") -> Object:
        """Apply as a user does: the whole intent, so what is left out goes away."""
        headers = {"Content-Type": "application/apply-patch+yaml"}
        parameters = {"fieldManager": manager, "force": "true"}
        path = kind_of(obj).path(namespace_of(obj), name_of(obj))
        return _checked(self._http.patch(path, content=json.dumps(obj), params=parameters, headers=headers))

    def edit(self, kind: Kind, namespace: str, name: str, patch: Any, *, manager: str = HAND, how: str = "merge") -> Object:
        """Change an object by hand: a merge patch, a strategic one, or a JSON patch."""
        headers = {"Content-Type": f"application/{'strategic-merge' if how == 'strategic' else how}-patch+json"}
        return _checked(
            self._http.patch(kind.path(namespace, name), content=json.dumps(patch), params={"fieldManager": manager}, headers=headers)
        )

    def set_status(self, kind: Kind, namespace: str, name: str, status: Object) -> Object:
        """Write status as a controller or kubelet does."""
        headers = {"Content-Type": "application/merge-patch+json"}
        path = kind.path(namespace, name, "status")
        return _checked(self._http.patch(path, content=json.dumps({"status": status}), headers=headers))

    def delete(self, kind: Kind, namespace: str, name: str) -> None:
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        self._http.request("DELETE", kind.path(namespace, name), json=body).raise_for_status()

    def raw(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Object:
        content = None if body is None else json.dumps(body)
        return _checked(self._http.request(method, path, content=content, headers={"Content-Type": content_type}))

    def asked(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Return the answer, whatever it is."""
        return self._http.request(method, path, json=body)

    def patched(self, path: str, patch: Any) -> httpx.Response:
        """Merge a patch, and return the answer, whatever it is."""
        return self._http.patch(path, content=json.dumps(patch), headers={"Content-Type": "application/merge-patch+json"})

    def connection(self) -> HTTPSConnection:
        """Return a connection of its own, for what takes as long as it takes."""
        found = urlsplit(self._url)
        return HTTPSConnection(str(found.hostname), found.port, context=self._trust)

    def lets_in(self, obj: Object) -> bool:
        """Create the object if the API server accepts it by now."""
        return self._http.post(kind_of(obj).path(namespace_of(obj)), json=obj).status_code in (201, 409)

    def is_served(self, kind: Kind) -> bool:
        return self._http.get(kind.path(None)).status_code == 200

    def lease_holder(self, namespace: str, name: str) -> str:
        """Return who holds the Lease, nothing where nobody does."""
        lease = self.get(LEASE, namespace, name)
        return str(lease["spec"].get("holderIdentity", "")) if lease else ""

    def assistant(self, namespace: str, name: str) -> Object:
        return self.must_get(PRIVATE_ASSISTANT, namespace, name)


def _checked(answer: httpx.Response) -> Object:
    assert answer.status_code < 300, f"{answer.request.method} {answer.request.url.path}: {answer.text[:2000]}"
    found = answer.json()
    assert isinstance(found, dict)
    return found


def _trust(path: Path, folder: Path) -> ssl.SSLContext:
    configuration = json.loads(path.read_text())
    user = configuration["users"][0]["user"]
    context = ssl.create_default_context(
        cadata=base64.b64decode(configuration["clusters"][0]["cluster"]["certificate-authority-data"]).decode()
    )
    pair = folder / "api-client.pem"
    pair.touch(mode=0o600)
    pair.write_bytes(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
    context.load_cert_chain(pair)
    return context
