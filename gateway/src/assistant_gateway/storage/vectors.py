"""pgvector's binary format: the number of dimensions, two unused bytes, and big-endian floats.

Binary, because the text of a vector of 384 dimensions is four times as long and has to be parsed on both sides.
"""

import struct
import sys
from array import array
from collections.abc import Iterable
from typing import Final

import asyncpg

HEADER: Final = struct.Struct(">HH")


def encode(values: Iterable[float]) -> bytes:
    """Return the wire format of the vector."""
    numbers = array("f", values)
    head = HEADER.pack(len(numbers), 0)
    if sys.byteorder == "little":
        numbers.byteswap()
    return head + numbers.tobytes()


def decode(data: bytes) -> "array[float]":
    """Return the vector's numbers."""
    numbers = array("f", data[HEADER.size :])
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


async def register(connection: asyncpg.Connection) -> None:
    """Teach the connection the type, wherever the database's owner put the extension."""
    schema = await connection.fetchval(
        "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector'"
    )
    if schema is not None:
        await connection.set_type_codec("vector", schema=schema, encoder=encode, decoder=decode, format="binary")
