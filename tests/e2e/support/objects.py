"""Everything that is in a namespace."""

from tests.e2e.support.kubectl import Kubectl, Object

EVENTS = ("events", "events.events.k8s.io")
FIELD_MANAGER = "private-assistant-operator"


def everything(kubectl: Kubectl, *but: str) -> list[Object]:
    """Return every object in the namespace that can be listed, but for these kinds (as `kubectl api-resources -o name` names them)."""
    kinds = kubectl.run("api-resources", "--namespaced", "--verbs=list", "-o", "name").split()
    return kubectl.list(",".join(kind for kind in kinds if kind not in but))


def names(objects: list[Object]) -> set[str]:
    return {f"{found['kind']}/{found['metadata']['name']}" for found in objects}


def versions(objects: list[Object]) -> dict[str, str]:
    """Return the resourceVersion of each object: the same as before means that nobody wrote to it."""
    return {f"{found['kind']}/{found['metadata']['name']}": found["metadata"]["resourceVersion"] for found in objects}


def events(kubectl: Kubectl, name: str = "") -> list[Object]:
    """Return the events that the operator posted, of all assistants of the namespace or of one."""
    found = kubectl.list("events.events.k8s.io")
    return [one for one in found if one.get("reportingController") == FIELD_MANAGER and name in ("", one["regarding"]["name"])]
