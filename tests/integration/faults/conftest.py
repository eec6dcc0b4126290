"""The record with which every test of this folder compares."""

import pytest

from tests.cluster.apiserver import ApiServer
from tests.integration.faults.recording import Recorded, record


@pytest.fixture(scope="session")
def recorded(operated_cluster: ApiServer) -> Recorded:
    return record(operated_cluster)
