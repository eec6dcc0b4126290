"""Packing: nothing is lost, and a thousand alike take the room of a hundred."""

from typing import Any

import pytest

from assistant_operator.kube.kinds import CONFIG_MAP, SERVICE
from assistant_operator.kube.objects import Object
from assistant_operator.reconcile.cluster.packed import Packer, unpacked


def service(name: str, **more: Any) -> Object:
    labels = {f"label-{number}": "value" for number in range(20)}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "labels": labels}, "spec": {"ports": [{"port": 443}], **more}}


@pytest.mark.parametrize("more", [{}, {"text": "ä€𝄞\n\x00"}, {"none": None, "yes": True, "number": -1.5}, {"long": "x" * 100_000}])
def test_nothing_is_lost(more: dict[str, Any]) -> None:
    """Of the first of a kind, of one like it, and of one that has nothing of it."""
    packer = Packer()
    for obj in (service("first", **more), service("second"), {"apiVersion": "v1", "kind": "Service", "odd": more}):
        assert unpacked(*packer.pack(SERVICE, obj)) == obj


def test_one_like_the_first_takes_a_tenth() -> None:
    packer = Packer()
    packer.pack(SERVICE, service("first"))
    packed, like = packer.pack(SERVICE, service("second"))

    assert len(packed) * 10 < len(like)


def test_what_they_are_compared_with_is_there_once_for_each_kind() -> None:
    packer = Packer()
    (_, first), (_, second) = packer.pack(SERVICE, service("a")), packer.pack(SERVICE, service("b"))
    _, other = packer.pack(CONFIG_MAP, service("a"))

    assert first is second
    assert other is not first
