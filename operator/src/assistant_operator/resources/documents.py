"""The container that opens documents: hostile files are parsed where no key, no certificate and no volume is mounted."""

from typing import Any

from assistant_operator.naming import DOCUMENTS_FOLDER, DOCUMENTS_SOCKET
from assistant_operator.resources.context import Context
from assistant_operator.resources.pod import container

DOCUMENTS_VOLUME = "documents"
WORKERS = 2
MEBIBYTES = 256
"""For one file and what is made of it."""
OWN_MEBIBYTES = 256
"""For the program and its parsers."""


def documents(context: Context) -> dict[str, Any]:
    """Return the container: a native sidecar, so that it is there before the gateway and ends after it."""
    return container(
        context,
        "documents",
        context.installation.gateway_image,
        command=["python3", "-m", "assistant_documents", "serve"],
        args=["--socket", DOCUMENTS_SOCKET, "--memory-mebibytes", str(MEBIBYTES), "--workers", str(WORKERS)],
        resources={"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": f"{OWN_MEBIBYTES + WORKERS * MEBIBYTES}Mi"}},
        volumeMounts=[documents_mount()],
        restartPolicy="Always",
    )


def documents_mount() -> dict[str, Any]:
    """Return the mount of the folder with the socket; the gateway has it too."""
    return {"name": DOCUMENTS_VOLUME, "mountPath": DOCUMENTS_FOLDER}
