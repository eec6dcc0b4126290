"""A few plain HTTP requests to a real API server, for tests that look at its answers themselves: causes, warnings, dry runs."""

import base64
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from tests.cluster.apiserver import ApiServer

RESOURCES = {
    "CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "ConfigMap": "/api/v1/namespaces/{namespace}/configmaps",
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments",
    "Job": "/apis/batch/v1/namespaces/{namespace}/jobs",
    "CronJob": "/apis/batch/v1/namespaces/{namespace}/cronjobs",
    "Namespace": "/api/v1/namespaces",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies",
    "PersistentVolumeClaim": "/api/v1/namespaces/{namespace}/persistentvolumeclaims",
    "Pod": "/api/v1/namespaces/{namespace}/pods",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets",
    "PrivateAssistant": "/apis/privateassistant.dev/v1alpha1/namespaces/{namespace}/privateassistants",
    "Secret": "/api/v1/namespaces/{namespace}/secrets",
    "Service": "/api/v1/namespaces/{namespace}/services",
    "ServiceAccount": "/api/v1/namespaces/{namespace}/serviceaccounts",
    "StatefulSet": "/apis/apps/v1/namespaces/{namespace}/statefulsets",
}


class Rest:
    """An administrator's requests."""

    def __init__(self, cluster: ApiServer) -> None:
        self._http = httpx.Client(base_url=cluster.url, verify=_trust(cluster), timeout=30)

    def close(self) -> None:
        self._http.close()

    def create(self, body: Mapping[str, Any], *, dry_run: bool = True, strict: bool = True) -> httpx.Response:
        """POST the object."""
        return self._http.post(_path(body), json=body, params=_parameters(dry_run=dry_run, strict=strict))

    def replace(self, body: Mapping[str, Any], *, dry_run: bool = True) -> httpx.Response:
        """PUT the object over the stored one."""
        stored = self._http.get(_object(body)).raise_for_status().json()
        body = {**body, "metadata": {**body["metadata"], "resourceVersion": stored["metadata"]["resourceVersion"]}}
        return self._http.put(_object(body), json=body, params=_parameters(dry_run=dry_run, strict=True))

    def apply(self, body: Mapping[str, Any], *, dry_run: bool = True) -> httpx.Response:
        """Apply the object on the server's side, as the operator does."""
        parameters = {**_parameters(dry_run=dry_run, strict=True), "fieldManager": "test", "force": "true"}
        headers = {"Content-Type": "application/apply-patch+yaml"}
        return self._http.patch(_object(body), content=json.dumps(body), params=parameters, headers=headers)

    def get(self, path: str) -> httpx.Response:
        return self._http.get(path)

    def post(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """As create(), of a kind that has no place in the table."""
        return self._http.post(path, json=body, params=_parameters(dry_run=True, strict=True))

    def put(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        return self._http.put(path, json=body)

    def delete(self, body: Mapping[str, Any]) -> httpx.Response:
        return self._http.delete(_object(body))


def causes(answer: httpx.Response) -> str:
    """Return everything that a refusal says."""
    status = answer.json()
    return "\n".join([status.get("message", ""), *(str(cause) for cause in (status.get("details") or {}).get("causes", []))])


def _trust(cluster: ApiServer) -> ssl.SSLContext:
    configuration = json.loads(cluster.kubeconfig.read_text())
    authority = configuration["clusters"][0]["cluster"]["certificate-authority-data"]
    user = configuration["users"][0]["user"]
    context = ssl.create_default_context(cadata=base64.b64decode(authority).decode())
    pair = Path(cluster.folder) / "rest.pem"
    pair.write_bytes(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
    pair.chmod(0o600)
    context.load_cert_chain(pair)
    return context


def _path(body: Mapping[str, Any]) -> str:
    return RESOURCES[body["kind"]].format(namespace=body["metadata"].get("namespace", "default"))


def _object(body: Mapping[str, Any]) -> str:
    return f"{_path(body)}/{body['metadata']['name']}"


def _parameters(*, dry_run: bool, strict: bool) -> dict[str, str]:
    return {"fieldValidation": "Strict" if strict else "Ignore"} | ({"dryRun": "All"} if dry_run else {})
