"""The StatefulSet of the serving pods: see that nothing leaves, check the weights, start Ollama on loopback, put the gateway in front.

It serves the model that was verified (Context.serving), not the one that the spec asks for: while another one is pulled, the pods go on.
Containers are in egress.py, gateway.py, ollama.py and documents.py, what all pods share in pod.py.
"""

import ipaddress
from typing import Any

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.naming import ANNOTATION_EGRESS_REVISION, ANNOTATION_POLICY_REVISION, COMPONENT_ASSISTANT, MODELS_FOLDER
from assistant_operator.resources.context import Context, ServingModel
from assistant_operator.resources.documents import DOCUMENTS_VOLUME, documents
from assistant_operator.resources.egress import egress_gate, egress_probe
from assistant_operator.resources.gateway import GRACE_SECONDS, gateway, gateway_volumes
from assistant_operator.resources.manifest import Manifest
from assistant_operator.resources.network_policy import egress_revision
from assistant_operator.resources.ollama import RUN_VOLUME, SCRATCH_VOLUME, ollama
from assistant_operator.resources.pod import container, host_aliases, memory_volume, models_mount, models_volume, pod_metadata, pod_spec
from assistant_operator.resources.policy_config import policy
from assistant_operator.resources.serving import is_servable


def stateful_set(spec: PrivateAssistantSpec, context: Context) -> Manifest | None:
    """Return the StatefulSet (apps/v1); None until a model is verified and what else it needs is known."""
    if context.serving is None or not is_servable(spec, context):
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
    annotations = {
        ANNOTATION_POLICY_REVISION: policy(spec, context, serving).revision(),
        # Connections that are open go on under a policy that no longer allows them: only the pods' end is theirs.
        ANNOTATION_EGRESS_REVISION: egress_revision(spec, context),
    }
    containers: dict[str, Any] = {
        "initContainers": _init_containers(spec, context, serving),
        "containers": [gateway(spec, context)],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": GRACE_SECONDS,
    }
    if aliases := _store_aliases(context):
        containers["hostAliases"] = aliases
    if spec.model.replicas > 1:
        containers["topologySpreadConstraints"] = [_spread(context)]
    volumes = (
        models_volume(context, serving.claim),
        *gateway_volumes(spec, context),
        memory_volume(RUN_VOLUME, "16Mi"),
        memory_volume(SCRATCH_VOLUME, "256Mi"),
        *([memory_volume(DOCUMENTS_VOLUME, "1Mi")] if spec.rag is not None else []),
    )
    return {
        "metadata": pod_metadata(spec, context, COMPONENT_ASSISTANT, annotations),
        "spec": pod_spec(spec, context, containers, volumes),
    }


def _init_containers(spec: PrivateAssistantSpec, context: Context, serving: ServingModel) -> list[dict[str, Any]]:
    """Return what runs before the gateway, in this order; those that stay end after it."""
    return [
        *egress_gate(spec, context),
        _model_check(spec, context, serving),
        # The first of those that stay: kubelet takes the limits of earlier ones for a limit of its own, bounds the whole pod's memory
        # by the sum of all limits, and a model server without one would have nothing but the gateway's few hundred MiB.
        ollama(spec, context),
        egress_probe(spec, context),
        *_rag_containers(spec, context),
    ]


def _rag_containers(spec: PrivateAssistantSpec, context: Context) -> list[dict[str, Any]]:
    return [] if spec.rag is None else [documents(context)]


def _store_aliases(context: Context) -> list[dict[str, Any]]:
    """Return the store's name in /etc/hosts; a store that is given by its address has none."""
    if context.store is None or _is_address(context.store.name):
        return []
    return host_aliases({context.store.name: context.store.addresses})


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _model_check(spec: PrivateAssistantSpec, context: Context, serving: ServingModel) -> dict[str, Any]:
    """Every blob is hashed before the model server may open it: the volume may have been written by others since the pull."""
    arguments = ["--models", MODELS_FOLDER, "--name", serving.name, "--digest", serving.digest]
    if spec.rag is not None and context.embedding is not None:
        arguments += ["--embedding", context.embedding.name, "--embedding-digest", context.embedding.digest]
    return container(
        context,
        "model-check",
        context.installation.gateway_image,
        command=["python3", "-m", "assistant_model", "check"],
        args=arguments,
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
