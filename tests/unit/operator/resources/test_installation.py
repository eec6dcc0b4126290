"""The hash by which a roll-out tells one release of the operator from another: its version and its settings, wherever its pod runs."""

from dataclasses import replace
from typing import Any

import pytest

from assistant_operator.resources import context
from assistant_operator.resources.context import Installation

INSTALLATION = Installation("gateway:1", "ollama:1", "operators", {"app": "operator", "tier": "control"})


def test_the_name_servers_of_the_operators_node_are_no_release() -> None:
    """It is moved to another node: nobody's pods are to be replaced for that."""
    assert replace(INSTALLATION, nameservers=("192.0.2.1",)).release == INSTALLATION.release


def test_the_order_of_labels_is_no_release() -> None:
    assert replace(INSTALLATION, operator_labels={"tier": "control", "app": "operator"}).release == INSTALLATION.release


@pytest.mark.parametrize(
    "setting", [{"ollama_image": "ollama:2"}, {"image_pull_secrets": ("one",)}, {"operator_labels": {"app": "other"}}, {"dns_port": 5353}]
)
def test_another_setting_is_another_release(setting: dict[str, Any]) -> None:
    assert replace(INSTALLATION, **setting).release != INSTALLATION.release


def test_another_version_is_another_release(monkeypatch: pytest.MonkeyPatch) -> None:
    before = INSTALLATION.release
    monkeypatch.setattr(context, "VERSION", "9")

    assert replace(INSTALLATION).release != before
