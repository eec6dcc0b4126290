"""A model's manifest, read from bytes that a registry or a volume holds: hostile until proven.

Ollama parses the same bytes with Go's decoder, which takes keys in any case and the last of two equal ones. What the two parsers could
read differently is refused here, so that what was verified is what is served.

Neighbours: registry.py and store.py bring the bytes, pull.py and check.py act on the result.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final, NoReturn, Self

from assistant_model.outcome import ModelError, Reason
from assistant_model.reference import is_digest

MAX_MANIFEST: Final = 4 << 20
"""Bytes; the limit that OCI registries keep to."""
MAX_CONFIG: Final = 4 << 20
MAX_LAYERS: Final = 16_384
MAX_SIZE: Final = 1 << 46
"""Bytes of one blob (64 TiB): more is no weights file but an attack on arithmetic or disks."""

ACCEPTED: Final = ("application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image.manifest.v1+json")
WEIGHTS: Final = "application/vnd.ollama.image.model"
_MANIFEST_KEYS: Final = frozenset({"schemaVersion", "mediaType", "config", "layers", "digest", "size"})
_REMOTE_KEYS: Final = frozenset({"remote_host", "remote_model"})


@dataclass(frozen=True, slots=True)
class Blob:
    """One file of a model."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a model consists of."""

    content: bytes
    """The bytes as served: their sha256 is the model's digest, so they are stored as they are."""
    config: Blob
    layers: tuple[Blob, ...]

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Return the manifest that the bytes hold; raises ModelError(NotAModel)."""
        if len(content) > MAX_MANIFEST:
            _refuse(f"it is larger than {MAX_MANIFEST} bytes")
        document = _load(content, _MANIFEST_KEYS)
        if document.get("schemaVersion") != 2 or isinstance(document.get("schemaVersion"), bool):
            _refuse("its schemaVersion is not 2")
        if document.get("mediaType", ACCEPTED[0]) not in ACCEPTED:
            _refuse("its mediaType is not that of an image manifest")
        layers = document.get("layers")
        if not isinstance(layers, list) or not layers:
            _refuse("it lists no layers")
        if len(layers) > MAX_LAYERS:
            _refuse(f"it lists more than {MAX_LAYERS} layers")
        if not any(isinstance(layer, dict) and layer.get("mediaType") == WEIGHTS for layer in layers):
            _refuse(f"none of its layers holds weights ({WEIGHTS})")
        config = _blob(document.get("config"))
        if config.size > MAX_CONFIG:
            _refuse(f"its configuration is larger than {MAX_CONFIG} bytes")
        return cls(content=content, config=config, layers=_consistent(config, [_blob(layer) for layer in layers]))

    @property
    def digest(self) -> str:
        """The model's digest, as Ollama's /api/tags shows it (there without the prefix)."""
        return "sha256:" + hashlib.sha256(self.content).hexdigest()

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """Every file once, the small configuration first: it may rule the model out before gigabytes are read."""
        return tuple(dict.fromkeys((self.config, *self.layers)))

    @property
    def size_bytes(self) -> int:
        """Bytes of all files."""
        return sum(blob.size for blob in self.blobs)


def refuse_remote(config: bytes) -> None:
    """Refuse a configuration that names another machine to run the model: Ollama would send the prompts there."""
    document = _load(config, _REMOTE_KEYS)
    if any(document.get(key) for key in _REMOTE_KEYS):
        _refuse("its configuration sends prompts to another machine (remote_host, remote_model)")


def _consistent(config: Blob, layers: list[Blob]) -> tuple[Blob, ...]:
    sizes: dict[str, int] = {}
    for blob in (config, *layers):
        if sizes.setdefault(blob.digest, blob.size) != blob.size:
            _refuse("it gives one blob two sizes")
    if sum(sizes.values()) > MAX_SIZE:
        _refuse(f"its blobs are larger than {MAX_SIZE} bytes in all")
    return tuple(layers)


def _blob(entry: object) -> Blob:
    if not isinstance(entry, dict):
        _refuse("one of its entries is no object")
    digest, size = entry.get("digest"), entry.get("size")
    if not isinstance(digest, str) or not is_digest(digest):
        _refuse("one of its digests is not sha256: and 64 lower-case hex digits")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 < size <= MAX_SIZE:
        _refuse(f"one of its sizes is no number from 1 to {MAX_SIZE}")
    return Blob(digest=digest, size=size)


def _load(content: bytes, keys: frozenset[str]) -> dict[str, Any]:
    """Return the JSON object, in which the given keys have one reading."""
    spelled = {key.casefold(): key for key in keys}

    def unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: set[str] = set()
        for key, _ in pairs:
            folded = key.casefold()
            if folded in seen or spelled.get(folded, key) != key:
                _refuse("its keys are ambiguous")
            seen.add(folded)
        return dict(pairs)

    try:
        document = json.loads(content.decode("utf-8"), object_pairs_hook=unambiguous, parse_constant=_not_json)
    except (ValueError, RecursionError):
        _refuse("it is no JSON")
    if not isinstance(document, dict):
        _refuse("it is no JSON object")
    return document


def _not_json(_: str) -> NoReturn:
    raise ValueError


def _refuse(why: str) -> NoReturn:
    raise ModelError(Reason.NOT_A_MODEL, f"What the reference names is no model that can be served here: {why}.")
