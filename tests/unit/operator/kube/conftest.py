"""What the tests of Leases share: an API server in memory, and a clock that is set by hand."""

import pytest

from tests.support.fake_client import FakeClient
from tests.support.hand_clock import Clock


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


@pytest.fixture
def clock() -> Clock:
    return Clock()
