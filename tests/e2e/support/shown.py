"""The certificate that clients see."""

from tests.e2e.support.kubectl import Kubectl, KubectlError

SERIAL = """
import socket, ssl, sys
context = ssl.create_default_context(cafile="/ca/ca.crt")
with context.wrap_socket(socket.create_connection((sys.argv[1], 443), 5), server_hostname=sys.argv[1]) as connection:
    print(int(connection.getpeercert()["serialNumber"], 16))
"""


def shown(kubectl: Kubectl, name: str) -> str:
    """Return the serial number of the certificate that a client pod sees and trusts; nothing where it sees none."""
    try:
        return kubectl.execute("client", "python3", "-", f"{name}.{kubectl.namespace}.svc.cluster.local", stdin=SERIAL).strip()
    except KubectlError:  # no connection, or one that was not made in time
        return ""
