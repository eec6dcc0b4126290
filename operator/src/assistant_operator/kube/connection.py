"""Where the API server is and who we are to it: in a pod the service account, elsewhere the kubeconfig.

The official client's configuration is read once; kopf is handed the same facts through Credentials (handlers/credentials.py), so that
there is one source of them and kopf needs no client of its own.
"""

import os
from dataclasses import dataclass
from typing import Any

from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config import load_incluster_config, load_kube_config

CONNECTIONS = 16
"""Open to the API server at most: more handshakes than help."""
UNCOMPRESSED = {"Accept-Encoding": "identity"}
"""Header of each request: the API server compresses listings otherwise, which costs both sides more than the way between them."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an HTTP client needs to talk to the API server."""

    server: str
    ca_path: str | None
    certificate_path: str | None
    key_path: str | None
    token: str | None
    """Without its scheme."""
    insecure: bool


async def configuration(kubeconfig: str | None = None) -> Any:
    """Return the official client's configuration: the given kubeconfig, $KUBECONFIG, the pod's service account, or ~/.kube/config."""
    found = Configuration()
    path = kubeconfig or os.environ.get("KUBECONFIG")
    if path:
        await load_kube_config(config_file=path, client_configuration=found, persist_config=False)
    elif os.environ.get("KUBERNETES_SERVICE_HOST"):
        load_incluster_config(client_configuration=found)
    else:
        await load_kube_config(client_configuration=found, persist_config=False)
    # aiohttp looks for proxies and a netrc file in a thread, twice for each request; the configuration's own proxy setting still counts.
    found.client_session_kwargs = {"trust_env": False}
    found.connection_pool_maxsize = CONNECTIONS
    return found


async def credentials(found: Any) -> Credentials:
    """Return the facts for another client; the token is read anew, since service accounts' tokens rotate."""
    token = await found.get_api_key_with_prefix("BearerToken", alias="authorization")
    return Credentials(
        server=found.host,
        ca_path=found.ssl_ca_cert,
        certificate_path=found.cert_file,
        key_path=found.key_file,
        token=token.split(" ", 1)[-1].strip() if token else None,
        insecure=not found.verify_ssl,
    )
