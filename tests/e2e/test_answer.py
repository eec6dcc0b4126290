"""The main job: a model's name becomes an endpoint that the official SDKs use unchanged."""

import os
import signal
from contextlib import suppress

from tests.cluster.paths import REPOSITORY
from tests.e2e.support.assistants import MODEL, SETTLE_SECONDS, Assistants
from tests.e2e.support.cgroups import memory_limit
from tests.e2e.support.kubectl import Kubectl, Object, until
from tests.e2e.support.traces import processes

EXAMPLE = REPOSITORY / "examples" / "minimal.yaml"
PROMPT = "What is the capital of France? Answer in one short sentence."


def test_the_minimal_example_answers_both_sdks(kubectl: Kubectl, assistants: Assistants) -> None:
    """A model name and nothing else is enough; streamed and whole answers are sensible and, at temperature 0, the same."""
    kubectl.run("apply", "-f", str(EXAMPLE))
    kubectl.wait_for("pa", "minimal", "condition=Ready", SETTLE_SECONDS)
    assistants.client()

    for sdk in ("openai", "ollama"):
        answer = assistants.ask(sdk, PROMPT)

        assert answer["models"] == [MODEL]
        assert "Paris" in answer["whole"]
        assert answer["streamed"] == answer["whole"]
        assert answer["parts"] > 1


def test_a_model_may_be_as_large_as_the_node(kubectl: Kubectl, assistants: Assistants) -> None:
    """Unless the spec sets a limit, which is then the pod's with what gateway and probe may have: kubelet adds limits up in its own way."""
    assistants.ready()
    assert memory_limit(kubectl, "minimal-0") is None

    assistants.ready("limited", {"model": {"name": MODEL, "resources": {"limits": {"memory": "700Mi"}}}})
    limit = memory_limit(kubectl, "limited-0")
    assert limit is not None
    assert limit > 700 * 1024 * 1024


def test_a_model_server_that_hangs_is_started_again(kubectl: Kubectl, assistants: Assistants) -> None:
    """One that is there and answers nobody, as with a broken GPU driver: the pod serves again, and nobody had to come."""
    assistants.ready()
    (server,) = (number for number, command in processes(kubectl, "minimal-0").items() if command == "ollama serve")

    os.kill(server, signal.SIGSTOP)
    try:
        until("the server was started again", lambda: _restarts(kubectl, "ollama") == 1, 240)
    finally:
        with suppress(ProcessLookupError):  # it was ended
            os.kill(server, signal.SIGCONT)
    assistants.settled()
    assistants.client()

    assert "Paris" in assistants.ask("openai", PROMPT)["whole"]
    assert _restarts(kubectl, "gateway") == 0


def test_a_second_apply_changes_nothing(kubectl: Kubectl, assistants: Assistants) -> None:
    """Applying the same again neither changes an object nor restarts a pod."""
    assistants.ready()
    before = _at_rest(kubectl)

    assistants.apply()
    assistants.settled()

    assert _written(kubectl) == before


def _restarts(kubectl: Kubectl, name: str) -> int:
    status = kubectl.get("pod", "minimal-0")["status"]
    found: list[Object] = [*status["initContainerStatuses"], *status["containerStatuses"]]
    return sum(one["restartCount"] for one in found if one["name"] == name)


def _at_rest(kubectl: Kubectl) -> dict[str, str]:
    """Return what there is once two looks in a row have found the same: a last object may come a moment after Ready."""
    found: dict[str, str] = until("nothing changes any more", lambda: (one := _written(kubectl)) == _written(kubectl) and one)
    return found


def _written(kubectl: Kubectl) -> dict[str, str]:
    kinds = "pa,statefulset,service,configmap,secret,networkpolicy,pvc,job,poddisruptionbudget,serviceaccount,pod"
    return {f"{found['kind']}/{found['metadata']['name']}": _version(found) for found in kubectl.list(kinds)}


def _version(found: Object) -> str:
    """Return what another write of what is wanted would change; statuses are rewritten at any time, as kubelet and probes see fit."""
    meta = found["metadata"]
    if found["kind"] == "Pod":
        restarts = sum(one["restartCount"] for one in found["status"].get("containerStatuses", ()))
        return f"{meta['uid']}, {restarts} restarts"
    return f"{meta['uid']} {meta.get('generation') or meta['resourceVersion']}"
