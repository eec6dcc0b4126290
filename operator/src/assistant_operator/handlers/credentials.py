"""kopf's credentials: the same facts as our own client's, read anew whenever kopf asks (service accounts' tokens rotate)."""

import kopf

from assistant_operator.kube.connection import Credentials


def connection_info(found: Credentials) -> kopf.ConnectionInfo:
    """Return the facts in kopf's form."""
    return kopf.ConnectionInfo(
        server=found.server,
        ca_path=found.ca_path,
        insecure=found.insecure,
        scheme="Bearer" if found.token else None,
        token=found.token,
        certificate_path=found.certificate_path,
        private_key_path=found.key_path,
    )
