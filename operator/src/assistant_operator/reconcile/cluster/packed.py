"""Objects in a tenth of their room: JSON, compressed against another object of the same kind.

A thousand assistants have a thousand Services that differ in names, uids and addresses: with the first one as the dictionary of the
compressor, one takes a hundred bytes, and unpacking costs a few microseconds beside the parsing. It is no archive: nothing of it outlives
the process.
"""

import zlib

import orjson

from assistant_operator.kube.kinds import Kind
from assistant_operator.kube.objects import Object

_LEVEL = 1
_RAW = -zlib.MAX_WBITS
"""Without a header and a checksum."""
_MEMORY = 5
"""Of the compressor's state, which is made anew for each object: with more of it, that costs more than the compressing."""


class Packer:
    """Packs objects, and remembers the first one of each kind."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], bytes] = {}

    def pack(self, kind: Kind, obj: Object) -> tuple[bytes, bytes]:
        """Return the object packed, and what it is packed against: the same bytes for all of the kind."""
        text = orjson.dumps(obj)
        like = self._first.setdefault((kind.group, kind.kind), text)
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW, _MEMORY, zlib.Z_DEFAULT_STRATEGY, like)
        return packer.compress(text) + packer.flush(), like


def unpacked(packed: bytes, like: bytes) -> Object:
    """Return the object, made anew."""
    found: Object = orjson.loads(zlib.decompressobj(_RAW, zdict=like).decompress(packed))
    return found
