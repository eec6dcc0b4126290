"""Vectors to the database and back."""

import math
from array import array

import asyncpg
import pytest

from assistant_gateway.storage import vectors
from tests.support.postgres import Postgres


async def test_a_vector_comes_back_as_it_went(postgres: Postgres) -> None:
    """Every float of 32 bits, on the wire's own format."""
    connection = await postgres.connect()
    await vectors.register(connection)
    sent = array("f", [0.0, -1.5, 1e-30, 3.4e38, math.pi])

    found = await connection.fetchval("SELECT $1::vector", sent)
    text = await connection.fetchval("SELECT ($1::vector)::text", [1.0, 2.5])

    assert found == sent
    assert text == "[1,2.5]"
    await connection.close()


async def test_bigint_arrays_need_no_help(postgres: Postgres) -> None:
    """Access lists are plain numbers, the whole range of them."""
    connection = await postgres.connect()
    sent = [-(2**63), 2**63 - 1, 0]
    assert await connection.fetchval("SELECT $1::bigint[]", sent) == sent
    await connection.close()


async def test_not_a_number_is_refused(postgres: Postgres) -> None:
    """A broken embedding never gets into the store."""
    connection = await postgres.connect()
    await vectors.register(connection)
    with pytest.raises(asyncpg.PostgresError):
        await connection.fetchval("SELECT $1::vector", [math.nan])
    await connection.close()
