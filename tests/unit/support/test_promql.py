"""The reader of expressions finds what Prometheus would look for, and nothing else."""

import pytest

from tests.support.promql import Reading, Selector, read


@pytest.mark.parametrize(
    ("expression", "selectors", "groups"),
    [
        ("up", (Selector("up", {}),), set()),
        ('absent(up{job="a b",code=~"x|y{1}"} == 1)', (Selector("up", {"job": "a b", "code": "x|y{1}"}),), set()),
        ("sum by (a, b) (rate(x_total[5m]))", (Selector("x_total", {}),), {"a", "b"}),
        ('sum(rate(x{a!="1"}[10m] offset 5m)) / on (b) y > 0.1 or vector(0)', (Selector("x", {"a": "1"}), Selector("y", {})), {"b"}),
        ("histogram_quantile(0.5, sum by (le) (rate(x_bucket[$__rate_interval])))", (Selector("x_bucket", {}),), {"le"}),
        ('max without (pod) (a:b{c="by (d)"})', (Selector("a:b", {"c": "by (d)"}),), {"pod"}),
    ],
)
def test_an_expression_is_read(expression: str, selectors: tuple[Selector, ...], groups: set[str]) -> None:
    """Functions, words and strings are no series; labels of groups are told apart."""
    assert read(expression) == Reading(selectors, frozenset(groups))
