"""The smallest dynamic provisioner: a hostPath PersistentVolume for each claim, removed again with the claim.

Asks twice a second instead of watching: on one node this is simpler and never gets stuck. The class is in ../manifests/storage.yaml.

    python -m tests.cluster.node.provisioner KUBECONFIG FOLDER
"""

import base64
import json
import shutil
import ssl
import sys
import tempfile
import time
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

NAME = "private-assistant/hostpath"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
INTERVAL = 0.5

Object = dict[str, Any]


class Api:
    """The few calls that the provisioner needs, over one connection: a handshake for each would cost more than all the rest."""

    def __init__(self, kubeconfig: Path) -> None:
        document = json.loads(kubeconfig.read_text())
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        with tempfile.NamedTemporaryFile() as file:  # ssl loads client certificates from files only
            file.write(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
            file.flush()
            context.load_cert_chain(file.name)
        self._connection = HTTPSConnection(urlsplit(cluster["server"]).netloc, timeout=10, context=context)

    def call(self, method: str, path: str, body: Object | None = None) -> Object:
        """Return the answer; raises OSError or HTTPException where there is none, or none of a success."""
        data = None if body is None else json.dumps(body)
        try:
            self._connection.request(method, path, data, {"Content-Type": "application/json"})
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException):
            self._connection.close()  # the next call makes another
            raise
        if answer.status >= 400:
            raise HTTPException(f"{method} {path}: {answer.status} {answer.reason}")
        document: Object = json.loads(content)
        return document

    def items(self, path: str) -> list[Object]:
        items: list[Object] = self.call("GET", path)["items"]
        return items


def waits_for_volume(claim: Object, classes: dict[str, Object]) -> bool:
    """Say whether the claim is one of ours and its time has come."""
    spec, metadata = claim["spec"], claim["metadata"]
    storage_class = classes.get(spec.get("storageClassName"))
    if storage_class is None or claim["status"].get("phase") != "Pending" or spec.get("volumeName") or metadata.get("deletionTimestamp"):
        return False
    waits_for_pod = storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"
    return not waits_for_pod or SELECTED_NODE in metadata.get("annotations", {})


def volume(claim: Object, storage_class: Object, path: Path) -> Object:
    """Return the PersistentVolume for a claim."""
    spec, metadata = claim["spec"], claim["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": path.name, "annotations": {PROVISIONED_BY: NAME}},
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "volumeMode": spec.get("volumeMode", "Filesystem"),
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "storageClassName": storage_class["metadata"]["name"],
            "hostPath": {"path": str(path), "type": "DirectoryOrCreate"},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
        },
    }


def is_released(volume: Object) -> bool:
    """Say whether the volume is ours and its claim is gone."""
    metadata = volume["metadata"]
    return (
        metadata.get("annotations", {}).get(PROVISIONED_BY) == NAME
        and volume["status"].get("phase") == "Released"
        and volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
        and not metadata.get("deletionTimestamp")
    )


def step(api: Api, folder: Path) -> None:
    """Make and remove what is due."""
    classes = {
        item["metadata"]["name"]: item for item in api.items("/apis/storage.k8s.io/v1/storageclasses") if item["provisioner"] == NAME
    }
    volumes = {item["metadata"]["name"]: item for item in api.items("/api/v1/persistentvolumes")}
    for claim in api.items("/api/v1/persistentvolumeclaims"):
        path = folder / f"pvc-{claim['metadata']['uid']}"
        if path.name in volumes or not waits_for_volume(claim, classes):
            continue
        path.mkdir(exist_ok=True)
        path.chmod(0o777)  # the kubelet applies no fsGroup to hostPath volumes
        api.call("POST", "/api/v1/persistentvolumes", volume(claim, classes[claim["spec"]["storageClassName"]], path))
        print("made", path.name, flush=True)
    for name, item in volumes.items():
        if is_released(item):
            shutil.rmtree(item["spec"]["hostPath"]["path"], ignore_errors=True)
            api.call("DELETE", f"/api/v1/persistentvolumes/{name}")
            print("removed", name, flush=True)


def main() -> None:
    """Provision until the process is ended."""
    api, folder = Api(Path(sys.argv[1])), Path(sys.argv[2])
    while True:
        try:
            step(api, folder)
        except (OSError, HTTPException) as error:
            print("again:", error, flush=True)
        time.sleep(INTERVAL)


if __name__ == "__main__":
    main()
