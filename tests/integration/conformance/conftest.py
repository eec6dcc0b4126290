"""A subject for each module, Ready and left as it was found; fresh ones for tests that take it apart."""

from collections.abc import Iterator

import pytest

from tests.cluster.apiserver import ApiServer
from tests.integration.conformance.collector import garbage_collector
from tests.integration.conformance.subject import Subject, new_subject


@pytest.fixture(scope="module")
def ready(operated_cluster: ApiServer) -> Iterator[Subject]:
    """A resource that is Ready, shared by the tests of a module."""
    with new_subject(operated_cluster) as made:
        made.make()
        made.run()
        yield made


@pytest.fixture
def fresh(operated_cluster: ApiServer) -> Iterator[Subject]:
    """A namespace with an operator, and no resource yet."""
    with new_subject(operated_cluster) as made:
        yield made


@pytest.fixture(scope="module")
def collected(operated_cluster: ApiServer) -> Iterator[None]:
    """The garbage collector runs."""
    with garbage_collector(operated_cluster):
        yield
