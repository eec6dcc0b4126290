"""Fixtures of the tests of retrieval."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.postgres import Postgres
from tests.unit.gateway.documents.world import World, run_world


@pytest.fixture
async def world(postgres: Postgres, tmp_path: Path) -> AsyncIterator[World]:
    async with run_world(postgres, tmp_path) as running:
        yield running
