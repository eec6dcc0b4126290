"""The tiny model's folder, for every test of the names' tier."""

from pathlib import Path

import pytest

from tests.unit.gateway.redaction.names import tiny


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole folder."""
    return tiny.write(tmp_path_factory.mktemp("names"))
