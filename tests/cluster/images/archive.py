"""Writes an OCI image archive from a folder: one layer, the same bytes for the same files."""

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a container of the image starts."""

    entrypoint: tuple[str, ...]
    user: str = ""
    """Empty is root; a pod's manifest says otherwise where the program does not need it."""


def write_archive(root: Path, archive: Path, name: str, settings: Settings) -> None:
    """Write the folder's content as an image; the archive appears whole or not at all."""
    layer = _layer(root)
    partial = archive.with_suffix(".partial")
    with tarfile.open(partial, "w") as tar:
        _add(tar, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        layers = [_blob(tar, LAYER, layer)]
        configuration = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": list(settings.entrypoint), "User": settings.user, "Env": ["PATH=/bin:/usr/bin"], "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [layers[0]["digest"]]},
        }
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": _blob(tar, CONFIG, _json(configuration)), "layers": layers}
        entry = _blob(tar, MANIFEST, _json(manifest))
        entry["annotations"] = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rpartition(":")[2]}
        entry["platform"] = {"architecture": "amd64", "os": "linux"}
        _add(tar, "index.json", _json({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}))
    partial.replace(archive)


def _layer(root: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(root.rglob("*")):
            tar.add(path, arcname=str(path.relative_to(root)), recursive=False, filter=_anonymous)
    return buffer.getvalue()


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = 0
    return entry


def _blob(tar: tarfile.TarFile, media_type: str, content: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    _add(tar, f"blobs/sha256/{digest}", content)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True).encode()
