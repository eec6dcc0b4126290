"""The scale subresource on a real API server: what `kubectl scale` and autoscalers see and change."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant_operator.kube.kinds import STATEFUL_SET
from assistant_operator.naming import API_VERSION, KIND
from tests.integration.lab import MODEL, Lab
from tests.integration.rest import Rest
from tests.support.waiting import until

SHARED: dict[str, Any] = {"model": {"name": MODEL, "replicas": 1, "storage": {"accessModes": ["ReadWriteMany"]}}}
ALONE: dict[str, Any] = {"model": {"name": MODEL, "replicas": 1}}


@pytest.fixture
def rest(lab: Lab) -> Iterator[Rest]:
    client = Rest(lab.cluster)
    yield client
    client.close()


def path(lab: Lab) -> str:
    return f"/apis/privateassistant.dev/v1alpha1/namespaces/{lab.namespace}/privateassistants/{lab.name}/scale"


def test_it_shows_the_pods_that_there_are(lab: Lab, rest: Rest) -> None:
    """Their number, and the labels that select them and no other pod of the assistant."""
    lab.make_ready(SHARED)
    scale = rest.get(path(lab)).raise_for_status().json()
    template = lab.child(STATEFUL_SET, "one")["spec"]["template"]["metadata"]["labels"]

    assert (scale["spec"]["replicas"], scale["status"]["replicas"]) == (1, 1)
    asked = dict(part.split("=") for part in scale["status"]["selector"].split(","))
    assert asked.items() <= template.items()
    assert asked["privateassistant.dev/component"] == "assistant"


def test_scaling_is_an_edit_of_the_spec(lab: Lab, rest: Rest) -> None:
    lab.make_ready(SHARED)
    scale = rest.get(path(lab)).raise_for_status().json()
    rest.put(path(lab), {**scale, "spec": {"replicas": 3}}).raise_for_status()

    until("the StatefulSet follows", lambda: lab.child(STATEFUL_SET, "one")["spec"]["replicas"] == 3)
    lab.settle()
    assert lab.assistant()["spec"]["model"]["replicas"] == 3


def test_more_than_the_volume_allows_is_refused(lab: Lab, rest: Rest) -> None:
    """By the rule that holds for the field, whoever writes it."""
    lab.make_ready(ALONE)
    scale = rest.get(path(lab)).raise_for_status().json()
    answer = rest.put(path(lab), {**scale, "spec": {"replicas": 2}})

    assert answer.status_code == 422
    assert "ReadWriteMany" in answer.text
    assert lab.assistant()["spec"]["model"]["replicas"] == 1


def test_the_autoscaler_of_the_docs_is_one(lab: Lab, rest: Rest) -> None:
    """The API server takes it as it stands there, for an assistant of that name."""
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    (example,) = (block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "HorizontalPodAutoscaler" in block)
    autoscaler = yaml.safe_load(example.replace("NAME", lab.name))
    answer = rest.post(f"/apis/autoscaling/v2/namespaces/{lab.namespace}/horizontalpodautoscalers", autoscaler)

    assert answer.status_code == 201, answer.text
    assert autoscaler["spec"]["scaleTargetRef"] == {"apiVersion": API_VERSION, "kind": KIND, "name": lab.name}
