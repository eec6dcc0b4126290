"""The containers that try what the policy denies: first of all, and for as long as the pod lives."""

import json
from typing import Any

import pytest

from assistant_egress import protocol
from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.spec import DEFAULT_PATHS, PathClass
from assistant_operator.naming import ANNOTATION_EGRESS_REVISION, POLICY_FILE
from assistant_operator.resources.policy_config import policy_config
from tests.unit.operator.api.cases import body, egress, evidence, keep, model, rag
from tests.unit.operator.resources.contexts import context, spec_of
from tests.unit.operator.resources.test_stateful_set import container, template

MINIMAL = spec_of(body(model()))
REPORTED = spec_of(body(evidence(mode="Reported")))


def init_containers(spec: PrivateAssistantSpec) -> list[str]:
    return [found["name"] for found in template(spec)["spec"]["initContainers"]]


def test_the_operators_paths_are_the_protocols() -> None:
    """Spelled out in both: the API's are part of a schema."""
    assert PathClass == protocol.PathClass
    assert DEFAULT_PATHS == protocol.REQUIRED_BY_DEFAULT


@pytest.mark.parametrize("spec", [MINIMAL, spec_of(body(rag())), spec_of(body(keep()))])
def test_the_gate_is_before_everything_and_the_probe_before_the_gateway(spec: PrivateAssistantSpec) -> None:
    """What could leak starts when it was seen that nothing does, and is watched before anybody may ask it something."""
    names = init_containers(spec)

    assert names[:4] == ["egress-gate", "model-check", "ollama", "egress-probe"]
    assert "restartPolicy" not in container(spec, "egress-gate")
    assert container(spec, "egress-probe")["restartPolicy"] == "Always"


def test_what_is_reported_holds_nothing_back() -> None:
    """No gate; the probe is there all the same."""
    assert init_containers(REPORTED) == ["model-check", "ollama", "egress-probe"]


@pytest.mark.parametrize("name", ["egress-gate", "egress-probe"])
def test_they_are_told_what_has_to_be_closed(name: str) -> None:
    """The paths of the spec, in an order that does not depend on how they were written."""
    one = spec_of(body(evidence("pods", "dns")))
    other = spec_of(body(evidence("dns", "pods")))

    assert container(MINIMAL, name)["args"] == ["--port", "9091", "--require", "dns,metadata,outside,pods"]
    assert container(one, name)["args"] == container(other, name)["args"] == ["--port", "9091", "--require", "dns,pods"]


@pytest.mark.parametrize("name", ["egress-gate", "egress-probe"])
def test_they_have_nothing_that_is_worth_having(name: str) -> None:
    """The operator's port leads to them: no mount, no variable, little memory."""
    found = container(MINIMAL, name)

    assert found["command"] == ["python3", "-m", "assistant_egress", name.removeprefix("egress-")]
    assert not {"volumeMounts", "env", "envFrom", "ports"} & found.keys()
    assert found["resources"]["limits"] == {"memory": "48Mi"}


def test_a_probe_that_hangs_is_restarted() -> None:
    """The gateway refuses while it is silent."""
    assert container(MINIMAL, "egress-probe")["livenessProbe"]["httpGet"] == {"path": "/verdict", "port": 9091, "scheme": "HTTP"}


@pytest.mark.parametrize(("spec", "mode"), [(MINIMAL, "Required"), (REPORTED, "Reported")])
def test_the_gateway_is_told_whether_to_ask(spec: PrivateAssistantSpec, mode: str) -> None:
    """In its policy file."""
    made = policy_config(spec, context(spec))

    assert made is not None
    assert json.loads(made.body["data"][POLICY_FILE])["egress"] == {"evidence": mode}


def test_other_egress_is_other_pods() -> None:
    """Connections that are open survive a policy that no longer allows them; what changes nothing about egress rolls nothing."""

    def revision(written: dict[str, Any], **changes: Any) -> str:
        found: str = template(spec_of(body(written)), **changes)["metadata"]["annotations"][ANNOTATION_EGRESS_REVISION]
        return found

    plain = revision(model())
    wide, narrow, store = revision(egress("10.0.0.0/8")), revision(egress("10.1.0.0/16")), revision(keep())

    assert len({plain, wide, narrow, store}) == 4
    assert plain == revision({**model(), "access": {"from": []}}) == revision(model(), generation=99)
