"""A PostgreSQL server of the test's own beside an assistant, from the store's image: what a user may have, well or badly set up."""

import secrets
from dataclasses import dataclass
from typing import Any

from tests.cluster.certificates import SERVER, Pair, issue
from tests.e2e.support.kubectl import Kubectl

LABELS = {"app": "database"}
ROLE, DATABASE, OTHER_DATABASE = "writer", "memories", "others"
DATABASES = (DATABASE, OTHER_DATABASE)
SCRIPT = """
set -eu
umask 077
initdb --pgdata=/data/db --username=postgres --pwfile=/etc/database/admin --auth=scram-sha-256 --locale=C.UTF-8 --encoding=UTF8
printf '%s\\n' "$ACCESS" > /data/db/pg_hba.conf
postgres --single -D /data/db postgres < /etc/database/setup.sql
for database in $DATABASES; do
  [ -z "$EXTENSION" ] || echo "CREATE EXTENSION $EXTENSION" | postgres --single -D /data/db "$database"
done
exec postgres -D /data/db -c listen_addresses='*' -c unix_socket_directories= "$@"
"""
TLS = ("-c", "ssl=on", "-c", "ssl_cert_file=/etc/database/tls.crt", "-c", "ssl_key_file=/etc/database/tls.key")


@dataclass(frozen=True)
class Server:
    """One server: its pod, its Service and its certificate."""

    name: str
    root: Pair
    password: str
    tls: bool = True
    extension: str = "vector"
    """Made by the superuser, since only one may; empty for none."""

    @classmethod
    def new(cls, name: str, root: Pair, *, tls: bool = True, extension: str = "vector") -> "Server":
        return cls(name, root, secrets.token_hex(12), tls, extension)

    def apply(self, kubectl: Kubectl, image: str) -> None:
        """Make the objects; the pod is started, not waited for."""
        host = f"{self.name}.{kubectl.namespace}"
        leaf = issue(self.root, self.name, SERVER, dns=(self.name, host, f"{host}.svc", f"{host}.svc.cluster.local"))
        setup = f"CREATE ROLE {ROLE} LOGIN PASSWORD '{self.password}'\n"
        setup += "".join(f"CREATE DATABASE {database} OWNER {ROLE}\n" for database in DATABASES)
        entries = {"admin": secrets.token_hex(12), "setup.sql": setup, "tls.crt": leaf.certificate_pem.decode()}
        entries["tls.key"] = leaf.key_pem.decode()
        kubectl.apply(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"{self.name}-server"}, "stringData": entries},
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": self.name},
                "spec": {"selector": LABELS | {"server": self.name}, "ports": [{"port": 5432}]},
            },
            self._pod(image),
        )

    def credentials(self, name: str, **changes: str) -> dict[str, Any]:
        """Return the Secret that an assistant's spec refers to."""
        entries = {"host": self.name, "dbname": DATABASE, "username": ROLE, "password": self.password}
        entries |= {"ca.crt": self.root.certificate_pem.decode()}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": entries | changes}

    def _pod(self, image: str) -> dict[str, Any]:
        access = "hostssl all all all scram-sha-256" if self.tls else "host all all all scram-sha-256"
        environment = {"ACCESS": access, "DATABASES": " ".join(DATABASES), "EXTENSION": self.extension}
        container = {
            "name": "database",
            "image": image,
            "command": ["/bin/sh", "-c", SCRIPT, "sh", *(TLS if self.tls else ())],
            "env": [{"name": name, "value": value} for name, value in environment.items()],
            "readinessProbe": {"tcpSocket": {"port": 5432}, "periodSeconds": 1},
            "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
            "volumeMounts": [
                {"name": "data", "mountPath": "/data"},
                {"name": "tmp", "mountPath": "/tmp"},
                {"name": "server", "mountPath": "/etc/database"},
            ],
        }
        spec = {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 999,
                "runAsGroup": 999,
                "fsGroup": 999,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
            "volumes": [
                {"name": "data", "emptyDir": {}},
                {"name": "tmp", "emptyDir": {"medium": "Memory"}},
                # A key of root's that its group may read is one that PostgreSQL takes.
                {"name": "server", "secret": {"secretName": f"{self.name}-server", "defaultMode": 0o440}},
            ],
        }
        metadata = {"name": self.name, "labels": LABELS | {"server": self.name}}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
