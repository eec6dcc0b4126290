"""Container statuses as kubelets write them."""

from datetime import UTC, datetime

from assistant_operator.kube.objects import Object


def terminated(container: str, exit_code: int, message: str = "", reason: str = "") -> Object:
    """Return the status of a container that has ended."""
    now = timestamp()
    end = {"exitCode": exit_code, "reason": reason or ("Completed" if exit_code == 0 else "Error"), "message": message}
    return {
        "name": container,
        "image": "x",
        "imageID": "",
        "ready": False,
        "restartCount": 0,
        "state": {"terminated": {**end, "startedAt": now, "finishedAt": now}},
    }


def waiting(container: str, reason: str, last: Object | None = None) -> Object:
    """Return the status of a container that waits, with its last end where it had one."""
    state = {
        "name": container,
        "image": "registry.test/x:1",
        "imageID": "",
        "ready": False,
        "restartCount": 3,
        "state": {"waiting": {"reason": reason}},
    }
    return state | ({"lastState": last["state"]} if last else {})


def timestamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
