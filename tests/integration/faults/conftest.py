"""The record with which every test of this folder compares, and an operator that asks again soon."""

import pytest

from assistant_operator.handlers import operator, watch
from assistant_operator.reconcile.scheduling import queue
from tests.cluster.apiserver import ApiServer
from tests.integration.faults.recording import PATIENCE, Recorded, record

SOON = 0.1
"""Seconds between two tries."""


@pytest.fixture(scope="session")
def recorded(operated_cluster: ApiServer) -> Recorded:
    return record(operated_cluster)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten what the operator waits for by itself; what the API server asks for (Retry-After) stays as it is."""
    settings = watch.settings

    def impatient() -> object:
        made = settings()
        made.networking.error_backoffs = (SOON,) * 8
        made.networking.request_timeout = PATIENCE
        return made

    monkeypatch.setattr(watch, "settings", impatient)
    monkeypatch.setattr(operator, "CRD_RETRY", SOON)
    monkeypatch.setattr(operator, "LIST_RETRY", SOON)
    monkeypatch.setattr(queue, "BASE_DELAY", SOON)
