"""What the outside and those who test against it have to agree on: names, ports, credentials, files.

`Outside` is the tests' handle: what arrived, what was asked of DNS and of the registry, and the control of the registry's behaviour.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tests.cluster.certificates import SERVER, Pair, authority, issue
from tests.cluster.node.addresses import BLOBS_IP, OUTSIDE_IP, PUBLIC_IP

PUBLIC_REGISTRY = "registry.ollama.ai"
PUBLIC_BLOBS = "dd20bb891979d25aebc8bec07b2b3bbc.r2.cloudflarestorage.com"
"""Where the public registry sends downloads; the outside plays that host as well."""
OTHER_REGISTRY = "registry.example.test"
WEB_HOST, WEB_NEIGHBOUR, WEB_CHILD = "web.example.test", "neighbour.example.test", "one.shelf.example.test"
"""Names of one web server on one public address (hosts.py)."""
NAMES = {
    PUBLIC_REGISTRY: OUTSIDE_IP,
    OTHER_REGISTRY: OUTSIDE_IP,
    PUBLIC_BLOBS: BLOBS_IP,
    WEB_HOST: PUBLIC_IP,
    WEB_NEIGHBOUR: PUBLIC_IP,
    WEB_CHILD: PUBLIC_IP,
}
"""Everything that DNS knows."""

HTTPS_PORT, HTTP_PORT, CREDENTIALS_PORT = 443, 5000, 5001
"""TLS; plain HTTP; plain HTTP that asks for USER and PASSWORD."""
USER, PASSWORD = "reader", "not-a-real-password"

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Control:
    """How the registry behaves."""

    rate: int = 0
    """Bytes a second of each download; 0 is as fast as it goes."""
    cut_after: int = 0
    """Close each download after so many bytes; 0 never."""
    corrupt: bool = False
    """Spoil one byte in the middle of every blob that is larger than a mebibyte."""
    broken: bool = False
    """Answer every request with 503."""
    redirect: bool = True
    """Send downloads of the public registry to its blobs host, as it does."""
    moved_to: str = ""
    """Serve this tag's manifest for every tag of the model: a tag that has moved."""


@dataclass(frozen=True, slots=True)
class Outside:
    """The tests' handle on the outside, and the paths that its process uses."""

    folder: Path

    @property
    def authority(self) -> Path:
        """PEM of the authority whose certificates the registries and the web server show."""
        return self.folder / "ca.crt"

    @property
    def models(self) -> Path:
        """The models folder that the registries serve; a link into the cache."""
        return self.folder / "models"

    @property
    def control_file(self) -> Path:
        return self.folder / "control.json"

    def log(self, name: str) -> Path:
        """Return the file of one kind of record: packets, names, registry or hosts."""
        return self.folder / f"{name}.jsonl"

    def prepare(self, models: Path) -> None:
        """Make certificates and the link to the models."""
        self.folder.mkdir(parents=True, exist_ok=True)
        root = authority("private-assistant-outside")
        root.write(self.folder, "ca")
        issue(root, PUBLIC_REGISTRY, SERVER, dns=tuple(NAMES), ips=(OUTSIDE_IP, BLOBS_IP, PUBLIC_IP)).write(self.folder, "server")
        self.models.unlink(missing_ok=True)
        self.models.symlink_to(models)

    def server_certificate(self) -> Pair:
        return Pair.read(self.folder, "server")

    def records(self, name: str, since: float = 0.0) -> list[Record]:
        """Return the records of one kind (packets, names, registry or hosts), from a point in time (time.time()) on."""
        try:
            lines = self.log(name).read_text().splitlines()
        except FileNotFoundError:
            return []
        return [record for record in map(json.loads, lines) if record["time"] >= since]

    def packets(self, *, source: str = "", since: float = 0.0) -> list[Record]:
        """Return what arrived: the first packet of every connection and every datagram, of one source address or of all."""
        return [record for record in self.records("packets", since) if source in ("", record["source"])]

    def control(self) -> Control:
        """Return how the registry behaves now."""
        try:
            return Control(**json.loads(self.control_file.read_text()))
        except FileNotFoundError:
            return Control()

    @contextmanager
    def behaving(self, **changes: Any) -> Iterator[None]:
        """Let the registry behave differently for a while; see Control."""
        before = self.control()
        self._write(replace(before, **changes))
        try:
            yield
        finally:
            self._write(before)

    def _write(self, control: Control) -> None:
        partial = self.control_file.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(control)))
        partial.replace(self.control_file)


class Journal:
    """Appends records to one file, one line each, so that a reader never sees half of one."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1)

    def note(self, **record: Any) -> None:
        self._file.write(json.dumps(record) + "\n")

    def close(self) -> None:
        self._file.close()
