"""The Jobs that bring documents: for each source one that runs once, and a CronJob where the source has a schedule.

They read the source and push its files to the gateway with a key that opens nothing else; they hold no credentials of the store and parse
nothing. The once-Job's name has a hash of what it brings into which store: a source that changes is read again. The CronJob starts at its
next time, hence the once-Job beside it.
"""

import hashlib
import json
from typing import Any

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.rag import Source
from assistant_operator.naming import CA_ENTRY, CA_FOLDER, COMPONENT_INGEST, INGEST_KEY_FOLDER, KEY_ENTRY, SOURCE_FOLDER
from assistant_operator.resources.context import Context
from assistant_operator.resources.gateway import MEBIBYTE, MOST_MEBIBYTES
from assistant_operator.resources.manifest import Manifest, Policy
from assistant_operator.resources.pod import READABLE, container, host_aliases, near_assistant, pod_metadata, pod_spec
from assistant_operator.resources.serving import is_servable

RETRIES = 6
GRACE_SECONDS = 30
BASE_MEBIBYTES = 128


def ingest_jobs(spec: PrivateAssistantSpec, context: Context) -> tuple[Manifest, ...]:
    """Return the Jobs and CronJobs (batch/v1); none while there is no gateway to push to, or no certificate to know it by."""
    if spec.rag is None or context.service_address is None or context.ca_certificate is None or not is_servable(spec, context):
        return ()
    once = tuple(_job(source, spec, context) for source in spec.rag.sources)
    again = tuple(_cron_job(source, spec, context) for source in spec.rag.sources if source.schedule is not None)
    return once + again


def ingest_revision(source: Source, spec: PrivateAssistantSpec) -> str:
    """Return 8 hex digits over what is brought, into which store, and what of it is masked first.

    Who may retrieve it is no matter of bringing it. Pseudonymize stores what Mask does.
    """
    external, redaction = spec.external_store, spec.redaction
    masked = {
        "action": "Mask" if redaction.request.action == "Pseudonymize" else redaction.request.action,
        "types": redaction.request_types,
        "patterns": sorted((pattern.name, pattern.expression) for pattern in redaction.patterns),
    } | ({} if redaction.names.mode == "Off" else {"names": redaction.names.mode})
    what = {
        "source": source.model_dump(mode="json", include={"name", "config_map", "claim", "include"}),
        "store": external.secret_ref.name if external else None,
    } | ({} if redaction.request.action == "Off" else {"masked": masked})
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:8]


def _job(source: Source, spec: PrivateAssistantSpec, context: Context) -> Manifest:
    return Manifest(
        api_version="batch/v1",
        kind="Job",
        metadata=context.metadata(context.names.ingest_job(source.name, ingest_revision(source, spec)), COMPONENT_INGEST),
        body={"spec": _work(source, spec, context)},
        policy=Policy.REPLACE,
    )


def _cron_job(source: Source, spec: PrivateAssistantSpec, context: Context) -> Manifest:
    metadata = context.metadata(context.names.ingest_cron_job(source.name), COMPONENT_INGEST)
    return Manifest(
        api_version="batch/v1",
        kind="CronJob",
        metadata=metadata,
        body={
            "spec": {
                "schedule": source.schedule,
                "concurrencyPolicy": "Forbid",
                "startingDeadlineSeconds": 600,
                "successfulJobsHistoryLimit": 1,
                "failedJobsHistoryLimit": 1,
                "jobTemplate": {"metadata": {"labels": context.names.labels(COMPONENT_INGEST)}, "spec": _work(source, spec, context)},
            }
        },
    )


def _work(source: Source, spec: PrivateAssistantSpec, context: Context) -> dict[str, Any]:
    containers: dict[str, Any] = {
        "containers": [_container(source, spec, context)],
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "hostAliases": host_aliases({_host(context): (context.service_address or "",)}),
    }
    pod = pod_spec(spec, context, containers, _volumes(source, context)) | {"affinity": near_assistant(spec, context)}
    return {
        "backoffLimit": RETRIES,
        "completions": 1,
        "parallelism": 1,
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]},
        "template": {"metadata": pod_metadata(spec, context, COMPONENT_INGEST, {}), "spec": pod},
    }


def _container(source: Source, spec: PrivateAssistantSpec, context: Context) -> dict[str, Any]:
    arguments = ["--source", source.name, "--folder", SOURCE_FOLDER, "--url", f"https://{_host(context)}"]
    arguments += ["--ca", f"{CA_FOLDER}/{CA_ENTRY}", "--key", f"{INGEST_KEY_FOLDER}/{KEY_ENTRY}"]
    arguments += [f"--include={glob}" for glob in sorted(source.include)]
    memory = min(BASE_MEBIBYTES + 2 * spec.access.limits.max_body_bytes // MEBIBYTE, MOST_MEBIBYTES)
    return container(
        context,
        "ingest",
        context.installation.gateway_image,
        command=["python3", "-m", "assistant_documents", "ingest"],
        args=arguments,
        resources={"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": f"{memory}Mi"}},
        volumeMounts=[
            {"name": "source", "mountPath": SOURCE_FOLDER, "readOnly": True},
            {"name": "ca", "mountPath": CA_FOLDER, "readOnly": True},
            {"name": "key", "mountPath": INGEST_KEY_FOLDER, "readOnly": True},
        ],
    )


def _volumes(source: Source, context: Context) -> tuple[dict[str, Any], ...]:
    names = context.names
    if source.config_map is not None:
        documents: dict[str, Any] = {"configMap": {"name": source.config_map.name, "defaultMode": READABLE}}
    else:
        # Read-only at the claim too: Kubernetes changes the owner of nothing on it then.
        documents = {"persistentVolumeClaim": {"claimName": source.claim.name if source.claim else "", "readOnly": True}}
    return (
        {"name": "source", **documents},
        {"name": "ca", "configMap": {"name": names.ca_config, "items": [_item(CA_ENTRY)], "defaultMode": READABLE}},
        {"name": "key", "secret": {"secretName": names.ingest_secret, "items": [_item(KEY_ENTRY)], "defaultMode": READABLE}},
    )


def _host(context: Context) -> str:
    return f"{context.names.service}.{context.names.namespace}.svc"


def _item(entry: str) -> dict[str, str]:
    return {"key": entry, "path": entry}
