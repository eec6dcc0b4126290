"""Whose fields count as drift, and how they are taken over."""

from typing import Any

import pytest

from assistant_operator.kube.ownership import has_foreign_fields, is_created_only, is_touched, taken_over
from assistant_operator.naming import FIELD_MANAGER


def entry(manager: str, fields: dict[str, Any], operation: str = "Update", subresource: str = "") -> dict[str, Any]:
    found = {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields}
    return found | ({"subresource": subresource} if subresource else {})


OURS = entry(FIELD_MANAGER, {"f:spec": {"f:replicas": {}}}, "Apply")

CASES: list[Any] = [
    pytest.param([OURS], False, id="ours alone"),
    pytest.param([OURS, entry("kubectl", {"f:spec": {"f:hostNetwork": {}}})], True, id="a field of another"),
    pytest.param([OURS, entry("kubectl", {"f:data": {"f:x": {}}})], True, id="data of another"),
    pytest.param([OURS, entry("kubectl", {"f:metadata": {"f:labels": {".": {}, "f:x": {}}}})], False, id="a label of another"),
    pytest.param([OURS, entry("controller", {"f:status": {"f:x": {}}}, subresource="status")], False, id="status"),
    pytest.param([OURS, entry("kubectl", {"f:spec": {"f:replicas": {}}}, subresource="scale")], False, id="scale: compared by value"),
    pytest.param([OURS, entry("binder", {"f:spec": {"f:volumeName": {}}})], False, id="the binder's volume name"),
    pytest.param(
        [OURS, entry("kube-controller-manager", {"f:spec": {"f:storageClassName": {}}})], False, id="a default class that came later"
    ),
    pytest.param(
        [OURS, entry("kubectl-create", {"f:spec": {"f:dataSource": {}, "f:dataSourceRef": {"f:kind": {}, "f:name": {}}}})],
        False,
        id="the snapshot from which a claim was restored",
    ),
    pytest.param(
        [
            OURS,
            entry(
                "kubectl",
                {"f:spec": {"f:template": {"f:metadata": {"f:annotations": {".": {}, "f:kubectl.kubernetes.io/restartedAt": {}}}}}},
            ),
        ],
        False,
        id="rollout restart",
    ),
    pytest.param(
        [OURS, entry("kubectl", {"f:spec": {"f:template": {"f:metadata": {"f:annotations": {"f:x": {}}}}}})], True, id="another annotation"
    ),
    pytest.param([entry(FIELD_MANAGER, {"f:spec": {"f:x": {}}}, "Update")], False, id="created by us"),
    pytest.param([OURS, entry("kubectl", {"f:spec": {}})], True, id="the spec as a whole"),
    pytest.param([], False, id="nothing known"),
]


@pytest.mark.parametrize(("managed", "expected"), CASES)
def test_foreign_fields(managed: list[dict[str, Any]], expected: bool) -> None:
    assert has_foreign_fields(managed) is expected


def test_taking_over_leaves_what_others_may_own() -> None:
    """Afterwards nothing foreign is left, and the others' labels are still theirs."""
    theirs = entry("kubectl", {"f:metadata": {"f:labels": {"f:x": {}}}, "f:spec": {"f:hostNetwork": {}, "f:volumeName": {}}})
    status = entry("controller", {"f:status": {"f:x": {}}}, subresource="status")

    ours, *others = taken_over([OURS, theirs, status])

    assert ours["fieldsV1"] == {"f:spec": {"f:replicas": {}, "f:hostNetwork": {}}}
    assert entry("kubectl", {"f:metadata": {"f:labels": {"f:x": {}}}, "f:spec": {"f:volumeName": {}}}) in others
    assert status in others
    assert not has_foreign_fields([ours, *others])


def test_what_was_created_is_applied_from_then_on() -> None:
    """Otherwise a field that leaves the intent would be kept alive by the record of the create."""
    created = entry(FIELD_MANAGER, {"f:metadata": {"f:labels": {"f:x": {}}}, "f:spec": {"f:x": {}}}, "Update")
    assert is_created_only([created])
    assert not is_created_only([OURS])
    ours, *others = taken_over([created])

    assert (ours["manager"], ours["operation"]) == (FIELD_MANAGER, "Apply")
    assert ours["fieldsV1"] == created["fieldsV1"]
    assert others == []
    assert not is_created_only([ours])


def test_taking_over_without_a_record_of_ours() -> None:
    """An object whose record was wiped by hand: nobody can say whose the rest is before the API server has recorded it."""
    status = entry(FIELD_MANAGER, {"f:status": {"f:x": {}}}, subresource="status")

    assert taken_over([]) == taken_over([entry("kubectl", {"f:spec": {"f:a": {"f:b": {}}}}), status]) == [{}]


CREATED = {"time": "2026-01-01T00:00:00Z", **entry(FIELD_MANAGER, {"f:spec": {"f:x": {}}}, "Update")}


@pytest.mark.parametrize(
    ("managed", "expected"),
    [
        pytest.param([OURS], False, id="applied"),
        pytest.param([CREATED], False, id="created"),
        pytest.param([{**CREATED, "time": "2025-12-31T23:59:30Z"}], False, id="created, with an admission webhook that took its time"),
        pytest.param([{**CREATED, "time": "2026-01-01T00:00:01Z"}], True, id="updated after it was created"),
        pytest.param([OURS, CREATED], True, id="updated beside our apply"),
        pytest.param([OURS, entry(FIELD_MANAGER, {"f:status": {"f:x": {}}}, subresource="status")], False, id="status"),
        pytest.param([], True, id="wiped"),
        pytest.param([entry("controller", {"f:status": {"f:x": {}}}, subresource="status")], True, id="wiped, and a status written since"),
        pytest.param([OURS, entry("kubectl", {"f:spec": {"f:x": {}}})], True, id="another's field"),
    ],
)
def test_what_leaves_no_name_is_seen(managed: list[dict[str, Any]], expected: bool) -> None:
    """Who may write an object may call himself as he likes, and wipe the record."""
    assert is_touched({"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z", "managedFields": managed}}) is expected
