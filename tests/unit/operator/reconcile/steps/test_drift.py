"""What is drift, and what the API server makes of a manifest without anybody's doing."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_operator.reconcile.steps.drift import difference, quantity

SAME: list[Any] = [
    pytest.param({"spec": {"a": 1}}, {"spec": {"a": 1, "b": 2}}, id="a default was added"),
    pytest.param({"spec": {"a": []}}, {"spec": {}}, id="an empty list was dropped"),
    pytest.param({"spec": {"nodeSelector": {}}}, {"spec": {}}, id="an empty map was dropped"),
    pytest.param({"spec": {"a": None}}, {"spec": {}}, id="null"),
    pytest.param({"spec": {"egress": []}}, {"spec": {"egress": None}}, id="null for empty"),
    pytest.param({"spec": {"limits": {"cpu": "1000m"}}}, {"spec": {"limits": {"cpu": "1"}}}, id="a quantity was spelled anew"),
    pytest.param({"spec": {"requests": {"memory": 1024}}}, {"spec": {"requests": {"memory": "1Ki"}}}, id="a number for a quantity"),
    pytest.param({"spec": {"sizeLimit": "1024Mi"}}, {"spec": {"sizeLimit": "1Gi"}}, id="a size limit"),
    pytest.param({"spec": {"hostNetwork": False}}, {"spec": {}}, id="false was dropped where false is the default"),
    pytest.param({"spec": {"value": ""}}, {"spec": {}}, id="an empty text was dropped"),
    pytest.param({"metadata": {"labels": {"a": "b"}}}, {"metadata": {"labels": {"a": "b", "c": "d"}}}, id="somebody's label"),
    pytest.param(
        {"metadata": {"ownerReferences": [{"uid": "1"}]}},
        {"metadata": {"ownerReferences": [{"uid": "2"}, {"uid": "1"}]}},
        id="another owner",
    ),
    pytest.param({"metadata": {"name": "a", "namespace": "b"}}, {"metadata": {}}, id="the identity is not compared"),
    pytest.param({"spec": {"list": [{"a": 1}]}}, {"spec": {"list": [{"a": 1, "b": 2}]}}, id="a default in a list"),
]
DIFFERENT: list[Any] = [
    pytest.param({"spec": {"a": 1}}, {"spec": {"a": 2}}, "spec.a", id="a value"),
    pytest.param({"spec": {"a": 1}}, {}, "spec", id="a field is gone"),
    pytest.param({"spec": {"a": {"b": 1}}}, {"spec": {"a": 3}}, "spec.a", id="another kind of value"),
    pytest.param({"spec": {"a": [1]}}, {"spec": {"a": "1"}}, "spec.a", id="no list"),
    pytest.param({"spec": {"a": [1]}}, {"spec": {"a": [1, 2]}}, "spec.a", id="one more in a list"),
    pytest.param({"spec": {"a": []}}, {"spec": {"a": [1]}}, "spec.a", id="something in an empty list"),
    pytest.param({"spec": {"a": [1, 2]}}, {"spec": {"a": [2, 1]}}, "spec.a[0]", id="another order"),
    pytest.param({"spec": {"a": "1000m"}}, {"spec": {"a": "1"}}, "spec.a", id="no quantity"),
    pytest.param({"spec": {"limits": {"cpu": "1"}}}, {"spec": {"limits": {"cpu": "2"}}}, "spec.limits.cpu", id="a quantity"),
    pytest.param({"spec": {"a": True}}, {"spec": {"a": 1}}, "spec.a", id="true is not 1"),
    pytest.param({"spec": {"a": 1}}, {"spec": {"a": "1"}}, "spec.a", id="1 is no text"),
    pytest.param(
        {"spec": {"automountServiceAccountToken": False}}, {"spec": {}}, "spec.automountServiceAccountToken", id="absent means true"
    ),
    pytest.param({"spec": {"storageClassName": ""}}, {"spec": {}}, "spec.storageClassName", id="absent means the default class"),
    pytest.param({"metadata": {"labels": {"a": "b"}}}, {"metadata": {"labels": {"a": "c"}}}, "metadata.labels.a", id="a label of ours"),
    pytest.param({"metadata": {"ownerReferences": [{"uid": "1"}]}}, {"metadata": {}}, "metadata.ownerReferences", id="the owner"),
    pytest.param({"from": [{"podSelector": {}, "x": 1}]}, {"from": [{"x": 1}]}, "from[0].podSelector", id="an empty selector is not none"),
    pytest.param({"data": {"a": "b"}}, {"data": {"a": "c"}}, "data.a", id="data"),
]


@pytest.mark.parametrize(("want", "have"), SAME)
def test_no_drift(want: dict[str, Any], have: dict[str, Any]) -> None:
    assert difference(want, have) is None


@pytest.mark.parametrize(("want", "have", "path"), DIFFERENT)
def test_drift_names_its_field(want: dict[str, Any], have: dict[str, Any], path: str) -> None:
    assert difference(want, have) == path


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("1.5", "1.5"),
        ("1500m", "1.5"),
        ("1Ki", 1024),
        ("2Gi", 2 * 1024**3),
        ("1k", 1000),
        ("1e3", 1000),
        ("1E", 10**18),
        ("-1", -1),
    ],
)
def test_quantities(text: str, number: int | str) -> None:
    assert quantity(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "x", "1x", "1KiB", "..", None, "0x10", "1 Gi"])
def test_what_is_no_quantity(text: str | None) -> None:
    assert quantity(text) is None


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["spec", "data", "metadata"]), trees))
def test_an_object_never_differs_from_itself(tree: dict[str, Any]) -> None:
    """Whatever it is made of."""
    if isinstance(tree.get("metadata"), dict) or "metadata" not in tree:
        assert difference(tree, tree) is None


@given(st.text(max_size=12))
def test_any_text_is_a_quantity_or_none(text: str) -> None:
    """No exception for any input."""
    quantity(text)
