"""Everything that is in a namespace."""

from tests.e2e.support.kubectl import Kubectl, Object, until

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


def at_rest(kubectl: Kubectl, *but: str) -> dict[str, str]:
    """Return the versions of everything once two looks in a row, some seconds apart, have found the same: nothing is on its way."""
    before: dict[str, str] = {}

    def found() -> bool:
        nonlocal before
        last, before = before, versions(everything(kubectl, *but))
        return last == before

    until("nothing changes any more", found, 120, 3)
    return before


def events(kubectl: Kubectl, name: str = "") -> list[Object]:
    """Return the events that the operator posted, of all assistants of the namespace or of one."""
    found = kubectl.list("events.events.k8s.io")
    return [one for one in found if one.get("reportingController") == FIELD_MANAGER and name in ("", one["regarding"]["name"])]
