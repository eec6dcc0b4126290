"""Whether the egress proxy serves: one pod, with the rules of now, that is ready."""

import pytest

from assistant_operator.reconcile.judging.observed import Observed, ProxySeen
from assistant_operator.reconcile.judging.proxy import serves

REASON = "EgressProxyNotReady"
STATUS = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "observedGeneration": 2}
DEPLOYED = {"metadata": {"generation": 2}, "spec": {"replicas": 1}, "status": STATUS}


@pytest.mark.parametrize(
    ("proxy", "expected"),
    [
        (None, None),
        (ProxySeen(DEPLOYED), None),
        (ProxySeen(), "Unknown"),
        (ProxySeen(DEPLOYED | {"status": {}}), "Unknown"),
        (ProxySeen(DEPLOYED | {"status": STATUS | {"observedGeneration": 1}}), "Unknown"),
        (ProxySeen(DEPLOYED | {"status": STATUS | {"updatedReplicas": 0}}), "Unknown"),
        (ProxySeen(DEPLOYED | {"status": STATUS | {"replicas": 2}}), "Unknown"),
        (ProxySeen(DEPLOYED | {"status": STATUS | {"availableReplicas": 0}}), "False"),
    ],
    ids=["no hosts", "well", "not made", "not seen", "changed", "old pods alone", "an old pod beside it", "not ready"],
)
def test_when_it_serves(proxy: ProxySeen | None, expected: str | None) -> None:
    """One pod, with the rules of now, that is ready."""
    verdict = serves(Observed(proxy=proxy))

    assert (verdict and verdict.status) == expected
    assert verdict is None or verdict.reason == REASON
