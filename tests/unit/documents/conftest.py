"""What the tests of documents share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.documents.source_api import Gateway, serving


@pytest.fixture(scope="session")
def tls_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for a certificate."""
    return tmp_path_factory.mktemp("tls")


@pytest.fixture
def gateway(tls_folder: Path) -> Iterator[Gateway]:
    """A gateway that holds nothing."""
    with serving(Gateway(), tls_folder) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty source."""
    path = tmp_path / "source"
    path.mkdir()
    return path
