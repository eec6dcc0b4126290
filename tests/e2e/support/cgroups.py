"""What the kubelet set for a pod, where it is set: in the pod's cgroup, of which its containers see nothing."""

from tests.cluster.node.remains import hierarchies
from tests.e2e.support.kubectl import Kubectl

_UNLIMITED = 1 << 62
"""Version 1 of cgroups writes the largest number of pages where there is no limit."""


def memory_limit(kubectl: Kubectl, pod: str) -> int | None:
    """Return the bytes that a pod may use in all, None where only the node's memory is a bound; version 1 or 2 of cgroups."""
    group = f"pod{kubectl.get('pod', pod)['metadata']['uid']}"
    places = [place for hierarchy in hierarchies() for place in hierarchy.glob(f"**/{group}/memory.*")]
    (text,) = [place.read_text().strip() for place in places if place.name in ("memory.limit_in_bytes", "memory.max")]
    return None if text == "max" or int(text) > _UNLIMITED else int(text)
