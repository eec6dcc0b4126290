"""The model server's container: Ollama on the pod's loopback, with every channel of its own closed.

Its lines go into a FIFO that the gateway reads and filters, or nowhere: the container's own log stays empty, whatever Ollama prints.
"""

from typing import Any

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.naming import MODELS_FOLDER, OLLAMA_PORT, RUN_FOLDER, RUNTIME_LOG_PIPE
from assistant_operator.resources.context import Context
from assistant_operator.resources.egress_proxy import proxy_environment
from assistant_operator.resources.pod import container, models_mount

RUN_VOLUME = "run"
SCRATCH_VOLUME = "scratch"

FILTERED = f"[ -p {RUNTIME_LOG_PIPE} ] || mkfifo -m 0600 {RUNTIME_LOG_PIPE} || exit 1; exec ollama serve 1<>{RUNTIME_LOG_PIPE} 2>&1"
"""Opened for reading and writing, a FIFO neither blocks before its reader is there nor kills its writer when the reader goes."""
DISCARDED = "exec ollama serve >/dev/null 2>&1"

LIVENESS = {
    # On the pod's loopback the kubelet reaches nothing itself. Not `ollama ps`, which waits while a model is loaded, nor `--version`, which
    # succeeds without a server.
    "exec": {"command": ["ollama", "list"]},
    "periodSeconds": 30,  # each starts a process, which costs the node more than a request would
    "timeoutSeconds": 10,
    "failureThreshold": 3,
    "terminationGracePeriodSeconds": 10,  # who answers nobody finishes nothing: the pod's own grace is minutes
}
"""Restarts a server that hangs. There is no startup probe: the gateway, which tells what is missing, would wait for it."""

VERBOSITY = {"ERROR": "-2", "WARNING": "-1", "INFO": "0", "DEBUG": "0"}
"""OLLAMA_DEBUG by log level. Never above 0: its debug lines hold parts of requests."""


def ollama(spec: PrivateAssistantSpec, context: Context) -> dict[str, Any]:
    """Return the container: an init container that stays (native sidecar), so that it ends after the gateway has drained."""
    command = DISCARDED if spec.logging.runtime == "Discard" else FILTERED
    fields: dict[str, Any] = {
        "command": ["/bin/sh", "-c", command],
        "env": [*({"name": name, "value": value} for name, value in environment(spec).items()), *proxy_environment(spec, context)],
        "volumeMounts": [
            models_mount(),
            {"name": RUN_VOLUME, "mountPath": RUN_FOLDER},
            {"name": SCRATCH_VOLUME, "mountPath": "/tmp"},  # noqa: S108  # a volume of its own
        ],
        "livenessProbe": LIVENESS,
        "restartPolicy": "Always",
    }
    if spec.model.resources is not None:
        fields["resources"] = spec.model.resources.to_dict()
    return container(context, "ollama", spec.model.image or context.installation.ollama_image, **fields)


def environment(spec: PrivateAssistantSpec) -> dict[str, str]:
    """Return Ollama's environment. What closes a channel is said even where it is the default: an image may say otherwise."""
    model = spec.model
    wanted = {
        "HOME": "/tmp",  # noqa: S108  # it writes a key of its own there and does not start without
        "OLLAMA_HOST": f"127.0.0.1:{OLLAMA_PORT}",
        "OLLAMA_MODELS": MODELS_FOLDER,
        "OLLAMA_NO_CLOUD": "1",
        "OLLAMA_NOPRUNE": "1",
        "OLLAMA_NOHISTORY": "1",
        "OLLAMA_MAX_LOADED_MODELS": "1" if spec.rag is None else "2",
        "OLLAMA_DEBUG": VERBOSITY[spec.logging.level],
        "OLLAMA_DEBUG_LOG_REQUESTS": "0",
        "OLLAMA_CONTEXT_LENGTH": None if model.context_length is None else str(model.context_length),
        "OLLAMA_KEEP_ALIVE": model.keep_alive,
        "OLLAMA_NUM_PARALLEL": None if model.parallel is None else str(model.parallel),
    }
    return {name: value for name, value in wanted.items() if value is not None}
