"""A kubeconfig with its certificates inside. JSON is YAML, so every client reads it.

Each cluster has a file of its own; no command here reads or writes the user's ~/.kube/config.
"""

import base64
import json

from tests.cluster.certificates import Pair

CONTEXT = "private-assistant"


def kubeconfig(server: str, authority: Pair, user: str, client: Pair) -> bytes:
    """Return the file's content for one user."""

    def text(pem: bytes) -> str:
        return base64.b64encode(pem).decode()

    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [{"name": CONTEXT, "cluster": {"server": server, "certificate-authority-data": text(authority.certificate_pem)}}],
        "users": [
            {"name": user, "user": {"client-certificate-data": text(client.certificate_pem), "client-key-data": text(client.key_pem)}}
        ],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": user}}],
    }
    return json.dumps(document, indent=1).encode()
