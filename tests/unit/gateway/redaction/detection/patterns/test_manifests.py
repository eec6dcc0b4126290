"""Secrets of Kubernetes."""

from collections.abc import Iterator

import pytest

from assistant_gateway.redaction.detection.patterns import manifests
from assistant_gateway.redaction.detection.patterns.page import Found
from tests.unit.gateway.redaction.finding import found, only

YAML = """apiVersion: v1
kind: Secret
metadata:
  name: users
type: Opaque
data:
  # as it is kept
  extra: YWRtaW46cGFzc3dvcmQ=
  "quoted": 'UyFCXCpkJHpEc2I9'
  remarked: Zm9vYmFy # the old one
  .dockercfg: |
    eyJhdXRocyI6eyJodHRwczovL2V4YW1wbGUv
    ZGUvdjEiOnt9fX0K
immutable: false
---
kind: ConfigMap
data:
  colour: dark-green
"""
VALUES = ["YWRtaW46cGFzc3dvcmQ=", "UyFCXCpkJHpEc2I9", "Zm9vYmFy", "eyJhdXRocyI6eyJodHRwczovL2V4YW1wbGUv", "ZGUvdjEiOnt9fX0K"]


def test_every_value_of_a_secret_is_found_and_none_of_a_config_map() -> None:
    """Whatever its key is called: plain, in quotes, before a remark, and each line of a block."""
    assert only("API_KEY", YAML) == VALUES


def test_the_kind_may_stand_behind_the_data() -> None:
    """As kubectl sorts the fields; and in a list, where the next item is another object."""
    text = "items:\n- data:\n    a: YWRtaW46\n  kind: Secret\n- data:\n    b: plainvalue\n  kind: ConfigMap\n"

    assert found(text) == [("API_KEY", "YWRtaW46")]


def test_a_secret_in_json_is_read_as_far_as_its_braces_go() -> None:
    """`kubectl get secret -o json`, in a list beside a ConfigMap."""
    text = '{"items": [{"data": {"a": "plainvalue"}, "kind": "ConfigMap"}, {"data": {"a": "YWRtaW46", "b": "c2Vj"}, "kind": "Secret"}]}'

    assert found(text) == [("API_KEY", "YWRtaW46"), ("API_KEY", "c2Vj")]


@pytest.mark.parametrize(
    "text",
    [
        "kind: Secret\nstringData:\n  password: {{ .Values.password }}\n  user: <user>\n",
        "kind: SecretStore\ndata:\n  a: plainvalue\n",
        "kind: Secret\nmetadata:\n  name: users\n",
        "What kind: Secret services? data: plainvalue\n",
        '} "kind": "Secret" {"data": {"a": "plainvalue"}}',
    ],
)
def test_what_is_no_secret_or_holds_none_stays(text: str) -> None:
    """Templates, other kinds, prose, what stands in no object."""
    assert found(text) == []


@pytest.mark.parametrize("unit", ["kind: Secret\n", '{"kind": "Secret"', '} "kind": "Secret"', "kind: Secret\ndata:\n  a: b\n"])
def test_many_kinds_are_read_once(unit: str) -> None:
    """A text that names it thousands of times is no work of minutes."""
    found(unit * (200_000 // len(unit)))


def test_an_object_is_read_once_however_often_it_says_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reading goes over as much as 16 KB on either side, and a text may hold nothing else."""
    read: list[int] = []

    def look(_view: bytes, start: int, _end: int) -> Iterator[Found]:
        read.append(start)
        yield from ()

    monkeypatch.setattr(manifests, "_of_json", look)

    found("{" + '"kind": "Secret", ' * 200 + "}")
    assert read == [0]
