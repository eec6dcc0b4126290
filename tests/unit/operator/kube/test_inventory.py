"""Inventory entries, and what is made of entries that nobody here wrote."""

import pytest

from assistant_operator.kube import inventory
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import CONFIG_MAP, NETWORK_POLICY


def test_entries_are_sorted_and_read_back() -> None:
    refs = [Ref.named(NETWORK_POLICY, "n", "b"), Ref.named(CONFIG_MAP, "n", "a"), Ref.named(CONFIG_MAP, "n", "a")]

    stored = inventory.entries(refs)
    assert stored == (("n_a__ConfigMap", "v1"), ("n_b_networking.k8s.io_NetworkPolicy", "v1"))
    assert inventory.parse(stored) == set(refs)


@pytest.mark.parametrize(
    "entry", ["", "n_a", "n_a__Node", "n_a__Pod", "_a__ConfigMap", "n___ConfigMap", "n_a__ConfigMap_x", "n_a_x_ConfigMap"]
)
def test_what_is_no_entry_of_ours_is_left_out(entry: str) -> None:
    """Status can be edited by hand; no entry makes the operator touch a kind that is not an assistant's."""
    assert inventory.parse([(entry, "v1")]) == frozenset()
