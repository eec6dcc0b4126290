"""The main job: a model's name becomes an endpoint that the official SDKs use unchanged."""

from tests.cluster.paths import REPOSITORY
from tests.e2e.support.assistants import MODEL, SETTLE_SECONDS, Assistants
from tests.e2e.support.kubectl import Kubectl

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


def test_a_second_apply_changes_nothing(kubectl: Kubectl, assistants: Assistants) -> None:
    """Applying the same again neither changes an object nor restarts a pod."""
    assistants.ready()
    before = _versions(kubectl)

    assistants.apply()
    assistants.settled()

    assert _versions(kubectl) == before


def _versions(kubectl: Kubectl) -> dict[str, str]:
    kinds = "pa,statefulset,service,configmap,secret,networkpolicy,pvc,job,poddisruptionbudget,serviceaccount,pod"
    return {f"{found['kind']}/{found['metadata']['name']}": found["metadata"]["resourceVersion"] for found in kubectl.list(kinds)}
