"""What others do to children by hand, and how soon it is undone: by the server's own clock, from its answer to them to its answer to us."""

from collections.abc import Callable

from assistant_operator.kube.kinds import NETWORK_POLICY, SERVICE, STATEFUL_SET
from bench.operator.audit import Call
from bench.operator.figures import Figures
from bench.operator.rig import Place

PATIENCE = 60.0


def measure(where: Place, figures: Figures, namespace: str, assistants: int, times: int) -> None:
    """Do each of them so many times, to one assistant after the other."""
    ways: dict[str, tuple[str, Callable[[str], object]]] = {
        "a deleted Service is back": ("services", lambda name: where.api.delete(SERVICE, namespace, name)),
        "a rule added to a NetworkPolicy is gone": (
            "networkpolicies",
            lambda name: where.api.edit(NETWORK_POLICY, namespace, name, {"spec": {"egress": [{}]}}),
        ),
        "hostNetwork set in a StatefulSet is gone": (
            "statefulsets",
            lambda name: where.api.edit(STATEFUL_SET, namespace, name, {"spec": {"template": {"spec": {"hostNetwork": True}}}}),
        ),
    }
    step = max(1, assistants // times)
    everything: list[float] = []
    for told, (resource, do) in ways.items():
        found = [_repair(where, resource, f"a{number}", do) for number in range(0, min(assistants, times * step), step)]
        figures.latencies(f"{assistants} assistants: {told}", found)
        everything += found
    figures.latencies(f"{assistants} assistants: drift repaired, all", everything)


def _repair(where: Place, resource: str, name: str, do: Callable[[str], object]) -> float:
    where.audit.new()
    do(name)

    def repaired(calls: list[Call]) -> bool:
        return any(_repairs(call, resource, name) for call in calls)

    calls = where.audit.until(f"{resource} {name} is repaired", repaired, PATIENCE, every=0.02)
    harm = next(call for call in calls if not call.is_operators and call.verb in ("delete", "patch") and call.resource == resource)
    return max(call.answered for call in calls if _repairs(call, resource, name)) - harm.answered


def _repairs(call: Call, resource: str, name: str) -> bool:
    """Tell whether it is the write that makes good: the last of a repair, which is an apply, or makes the object anew."""
    is_last = call.verb == "create" or "force=true" in call.uri
    return call.is_write and is_last and call.resource == resource and call.name in (name, "")
