"""The Job that brings the model, or checks the one that is on a claim: the only pod with a way out, and no model server in it.

Its name holds a hash of what it brings, so another model is another Job. Where it may go is in pull_target.py; the names are pinned in
hostAliases here, and the addresses in network_policy.py.
"""

from typing import Any

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.naming import (
    ANNOTATION_PULL_NETWORKS,
    CA_ENTRY,
    COMPONENT_PULL,
    CREDENTIALS_FOLDER,
    MODELS_FOLDER,
    OPS_PORT,
    PULL_CA_FOLDER,
)
from assistant_operator.resources.context import Context
from assistant_operator.resources.manifest import Manifest, Policy
from assistant_operator.resources.model_volume import model_claim
from assistant_operator.resources.pod import (
    READABLE,
    container,
    host_aliases,
    models_mount,
    models_volume,
    near_assistant,
    pod_metadata,
    pod_spec,
)
from assistant_operator.resources.pull_target import needs_target, pull_hosts, pull_revision

TERMINAL_EXIT = 42
"""Exit status of a pull that another try would not help: its reason is in the termination message."""
RETRIES = 6
GRACE_SECONDS = 30


def pull_job(spec: PrivateAssistantSpec, context: Context) -> Manifest | None:
    """Return the Job (batch/v1); None while it is not known where it may go."""
    if needs_target(spec) and context.pull is None:
        return None
    registry = spec.model.source.registry
    networks = ",".join(sorted({*registry.hosts, *registry.cidrs})) if registry else ""
    metadata = context.metadata(context.names.pull_job(pull_revision(spec)), COMPONENT_PULL)
    # Not for the pod but for the loop: a Job that failed for want of a network is made again when the networks change.
    metadata["annotations"] = {ANNOTATION_PULL_NETWORKS: networks}
    return Manifest(
        api_version="batch/v1",
        kind="Job",
        metadata=metadata,
        body={
            "spec": {
                "backoffLimit": RETRIES,
                "completions": 1,
                "parallelism": 1,
                "podReplacementPolicy": "Failed",
                "podFailurePolicy": {"rules": _failure_rules()},
                "template": {
                    "metadata": pod_metadata(spec, context, COMPONENT_PULL, {}),
                    "spec": _pod(spec, context),
                },
            }
        },
        policy=Policy.REPLACE,
    )


def _failure_rules() -> list[dict[str, Any]]:
    return [
        {"action": "FailJob", "onExitCodes": {"containerName": "pull", "operator": "In", "values": [TERMINAL_EXIT]}},
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
    ]


def _pod(spec: PrivateAssistantSpec, context: Context) -> dict[str, Any]:
    containers: dict[str, Any] = {
        "containers": [_container(spec, context)],
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": GRACE_SECONDS,
    }
    if aliases := _aliases(spec, context):
        containers["hostAliases"] = aliases
    pulls = needs_target(spec)
    volumes = [models_volume(context, model_claim(spec, context.names), writable=pulls), *_trust_volumes(spec, context)]
    return pod_spec(spec, context, containers, volumes) | {"affinity": near_assistant(spec, context)}


def _container(spec: PrivateAssistantSpec, context: Context) -> dict[str, Any]:
    pulls = needs_target(spec)
    registry = spec.model.source.registry
    arguments = ["--models", MODELS_FOLDER, "--name", spec.model.name]
    if spec.model.digest is not None:
        arguments += ["--digest", spec.model.digest]
    if spec.model.embedding is not None:
        arguments += ["--embedding", spec.model.embedding]
    if registry is not None and registry.insecure:
        arguments += ["--insecure"]
    if registry is not None and registry.credentials_secret_ref is not None:
        arguments += ["--credentials", CREDENTIALS_FOLDER]
    fields: dict[str, Any] = {
        "command": ["python3", "-m", "assistant_model", "pull" if pulls else "verify"],
        "args": arguments,
        "ports": [{"name": "ops", "containerPort": OPS_PORT, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "100m", "memory": "96Mi"}, "limits": {"memory": "512Mi"}},
        "volumeMounts": [
            models_mount(writable=pulls),
            *(
                {"name": volume["name"], "mountPath": _FOLDERS[volume["name"]], "readOnly": True}
                for volume in _trust_volumes(spec, context)
            ),
        ],
    }
    if pulls and context.installation.pull_ca is not None:
        fields["env"] = [{"name": "SSL_CERT_FILE", "value": f"{PULL_CA_FOLDER}/{CA_ENTRY}"}]
    return container(context, "pull", context.installation.gateway_image, **fields)


_FOLDERS = {"pull-ca": PULL_CA_FOLDER, "credentials": CREDENTIALS_FOLDER}


def _trust_volumes(spec: PrivateAssistantSpec, context: Context) -> list[dict[str, Any]]:
    """Return what the pull trusts and is trusted by: the CA bundle and the registry's credentials, where there are any."""
    if not needs_target(spec):
        return []
    volumes: list[dict[str, Any]] = []
    if context.installation.pull_ca is not None:
        config = {"name": context.names.pull_ca_config, "items": [{"key": CA_ENTRY, "path": CA_ENTRY}], "defaultMode": READABLE}
        volumes.append({"name": "pull-ca", "configMap": config})
    registry = spec.model.source.registry
    if registry is not None and registry.credentials_secret_ref is not None:
        items = [{"key": entry, "path": entry} for entry in ("username", "password")]
        secret = {"secretName": registry.credentials_secret_ref.name, "items": items, "defaultMode": READABLE}
        volumes.append({"name": "credentials", "secret": secret})
    return volumes


def _aliases(spec: PrivateAssistantSpec, context: Context) -> list[dict[str, Any]]:
    """Return /etc/hosts lines, one for each address: names that the pull may use, and no others."""
    if context.pull is None:
        return []
    wanted = pull_hosts(spec)
    return host_aliases({host.name: host.addresses for host in context.pull.hosts if host.name in wanted})
