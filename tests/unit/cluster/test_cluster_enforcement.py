"""The enforcement modes, as rules."""

import pytest

from tests.cluster.node.enforcement import FORWARDED, MODES, OWN_NODE, Mode, enforce, rules
from tests.cluster.node.layout import own_layout
from tests.cluster.shell import ClusterError


@pytest.mark.parametrize(
    ("mode", "forwarded", "own_node", "fails_open"),
    [("on", 2, 0, False), ("strict", 2, 1, False), ("open", 2, 0, True), ("off", 0, 0, False)],
)
def test_a_mode_queues_what_it_says(mode: Mode, forwarded: int, own_node: int, fails_open: bool) -> None:
    queued = [line for line in rules(mode).splitlines() if "NFQUEUE" in line]

    assert sum(f"-A {FORWARDED} " in line for line in queued) == forwarded
    assert sum(f"-A {OWN_NODE} " in line for line in queued) == own_node
    assert all(("--queue-bypass" in line) == fails_open for line in queued)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_empties_both_chains_first(mode: Mode) -> None:
    text = rules(mode)

    assert text.startswith("*mangle\n")
    assert text.endswith("COMMIT\n")
    for chain in (FORWARDED, OWN_NODE):
        assert f"-F {chain}\n" in text


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ClusterError, match="one of on, strict, open, off"):
        enforce(own_layout(), "loose")  # type: ignore[arg-type]
