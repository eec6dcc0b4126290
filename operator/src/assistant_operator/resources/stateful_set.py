"""The StatefulSet of the serving pods: check the weights, start Ollama on loopback, put the gateway in front.

It serves the model that was verified (Context.serving), not the one that the spec asks for: while another one is pulled, the pods go on.
Containers are in gateway.py and ollama.py, what all pods share in pod.py.
"""

from typing import Any

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.naming import ANNOTATION_POLICY_REVISION, COMPONENT_ASSISTANT, MODELS_FOLDER
from assistant_operator.resources.context import Context, ServingModel
from assistant_operator.resources.gateway import GRACE_SECONDS, gateway, gateway_volumes
from assistant_operator.resources.manifest import Manifest
from assistant_operator.resources.ollama import RUN_VOLUME, SCRATCH_VOLUME, ollama
from assistant_operator.resources.pod import container, memory_volume, models_mount, models_volume, pod_metadata, pod_spec
from assistant_operator.resources.policy_config import policy


def stateful_set(spec: PrivateAssistantSpec, context: Context) -> Manifest | None:
    """Return the StatefulSet (apps/v1); None until a model is verified."""
    if context.serving is None:
        return None
    names = context.names
    return Manifest(
        api_version="apps/v1",
        kind="StatefulSet",
        metadata=context.metadata(names.stateful_set, COMPONENT_ASSISTANT),
        body={
            "spec": {
                "replicas": spec.model.replicas,
                "serviceName": names.headless_service,
                "selector": {"matchLabels": names.selector(COMPONENT_ASSISTANT)},
                "podManagementPolicy": "Parallel",
                "updateStrategy": {"type": "RollingUpdate"},
                "revisionHistoryLimit": 3,
                "template": _template(spec, context, context.serving),
            }
        },
    )


def _template(spec: PrivateAssistantSpec, context: Context, serving: ServingModel) -> dict[str, Any]:
    revision = policy(spec, context, serving).revision()
    containers: dict[str, Any] = {
        "initContainers": [_model_check(context, serving), ollama(spec, context)],
        "containers": [gateway(spec, context)],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": GRACE_SECONDS,
    }
    if spec.model.replicas > 1:
        containers["topologySpreadConstraints"] = [_spread(context)]
    volumes = (
        models_volume(context, serving.claim),
        *gateway_volumes(spec, context),
        memory_volume(RUN_VOLUME, "16Mi"),
        memory_volume(SCRATCH_VOLUME, "256Mi"),
    )
    return {
        "metadata": pod_metadata(spec, context, COMPONENT_ASSISTANT, {ANNOTATION_POLICY_REVISION: revision}),
        "spec": pod_spec(spec, context, containers, volumes),
    }


def _model_check(context: Context, serving: ServingModel) -> dict[str, Any]:
    """Every blob is hashed before the model server may open it: the volume may have been written by others since the pull."""
    return container(
        context,
        "model-check",
        context.installation.gateway_image,
        command=["python3", "-m", "assistant_model", "check"],
        args=["--models", MODELS_FOLDER, "--name", serving.name, "--digest", serving.digest],
        resources={"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        volumeMounts=[models_mount()],
    )


def _spread(context: Context) -> dict[str, Any]:
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": context.names.selector(COMPONENT_ASSISTANT)},
    }
