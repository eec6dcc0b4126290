"""Fixtures of the tests of documents."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.postgres import Postgres
from tests.unit.gateway.documents.served import Served, run_served
from tests.unit.gateway.documents.world import World, run_world


@pytest.fixture
async def world(postgres: Postgres, tmp_path: Path) -> AsyncIterator[World]:
    async with run_world(postgres, tmp_path) as running:
        yield running


@pytest.fixture
async def served(world: World, tls: Path, tmp_path: Path) -> AsyncIterator[Served]:
    async with run_served(world, tls, tmp_path / "keys") as running:
        yield running
