"""The lives of many assistants at once: applied, changed, edited by a hand, and at rest again; and what each has come to in the end."""

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assistant_operator.kube.kinds import POD, PRIVATE_ASSISTANT, SECRET, SERVICE
from assistant_operator.kube.objects import Object, condition, controller_uid, name_of, namespace_of, uid_of
from assistant_operator.naming import API_VERSION, KIND
from tests.integration.api import Api
from tests.integration.conformance.fingerprint import content
from tests.integration.faults.hands import Hands
from tests.integration.faults.proxy import Call, Fault, Proxy
from tests.integration.lab import CHILD_KINDS, MODEL
from tests.integration.running import Running
from tests.support.statuslint import lint
from tests.support.waiting import until

NAME = re.compile(r"^s\d{3}")
"""What assistants are called here: never part of a hash or a uid, which are hexadecimal, since names are taken out of what is compared."""
FIRST: dict[str, Any] = {"model": {"name": MODEL}, "access": {"keys": [{"name": "a"}, {"name": "b"}]}}
CHANGED: dict[str, Any] = {"model": {"name": MODEL}, "access": {"keys": [{"name": "a"}]}, "logging": {"level": "ERROR"}}
BY_HAND = {"spec": {"externalIPs": ["192.0.2.99"]}}

LOOK = 0.5
"""Seconds between two looks at everything."""
PATIENCE = 150.0
"""Seconds until a life counts as stuck: minutes of work for a machine that has other things to do."""
SETTLED = 30.0
"""Seconds until all that failed at the end of a life was made again."""

Signature = tuple[str, str]
Target = tuple[Signature, int]
"""The so-and-so-many-th call of its kind."""


def subject_of(call: Call) -> str:
    """Return the assistant that a call is about; nothing for what concerns none, or all."""
    found = NAME.match(call.name)
    return found.group() if found else ""


def signature(call: Call) -> Signature:
    """Return verb and path, without what differs between assistants."""
    path = re.sub(r"namespaces/[^/]+", "namespaces/*", NAME.sub("*", call.path) if not call.name else call.path)
    name = "" if call.path.endswith("/events") else NAME.sub("*", call.name)
    return call.verb + (" watch" if call.is_watch else ""), re.sub(r"/s\d{3}", "/*", path) + (f" {name}" if call.verb == "POST" else "")


@dataclass
class Saboteur:
    """Counts the calls of each assistant, and spoils those that are its targets, each once."""

    fault: Fault | None = None
    targets: Mapping[str, Collection[Target]] = field(default_factory=dict)
    fired: set[tuple[str, Target]] = field(default_factory=set)
    seen: dict[str, Counter[Signature]] = field(default_factory=dict)

    def __call__(self, call: Call) -> Fault | None:
        subject, what = subject_of(call), signature(call)
        counted = self.seen.setdefault(subject, Counter())
        counted[what] += 1
        target = (what, counted[what])
        if target not in self.targets.get(subject, ()):
            return None
        self.fired.add((subject, target))
        return self.fault

    def missed(self) -> list[tuple[str, Target]]:
        """Return the targets that were not hit though there was such a call."""
        wanted = [(name, target) for name, targets in self.targets.items() for target in targets]
        return [(name, target) for name, target in wanted if (name, target) not in self.fired and self.seen[name][target[0]] >= target[1]]


class Lives:
    """The assistants of one namespace."""

    def __init__(self, api: Api, namespace: str, proxy: Proxy) -> None:
        self.api = api
        self.namespace = namespace
        self.proxy = proxy
        self.hands = Hands(api, namespace)

    def live(self, names: Iterable[str], watch: Callable[[], None], after: Callable[[], None] = lambda: None) -> None:
        """Take all of them through their lives; watch is called while anything is waited for, and after at the end of each age."""
        wanted, seconds = tuple(names), PATIENCE
        for name in wanted:
            self._apply(name, FIRST)
        self.rest(wanted, watch, seconds)
        after()
        for name in wanted:
            self._apply(name, CHANGED)
        self.rest(wanted, watch, seconds)
        after()
        for name in wanted:
            self.api.edit(SERVICE, self.namespace, name, BY_HAND)
        until("what was done by hand is undone", lambda: self._look(watch, self._is_undone), seconds, every=LOOK)
        self.rest(wanted, watch, seconds)

    def _apply(self, name: str, spec: dict[str, Any]) -> None:
        self.api.apply({"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name, "namespace": self.namespace}, "spec": spec})

    def _look(self, watch: Callable[[], None], look: Callable[[], bool]) -> bool:
        watch()
        return look()

    def _is_undone(self) -> bool:
        return not any("externalIPs" in obj["spec"] for obj in self.api.list(SERVICE, self.namespace))

    def rest(self, names: Iterable[str], watch: Callable[[], None], seconds: float = PATIENCE) -> None:
        """Wait until all of them are Ready for the spec that they have, with everything running."""
        wanted = set(names)

        def ready() -> bool:
            self.hands.work()
            found = self.api.list(PRIVATE_ASSISTANT, self.namespace)
            return wanted <= {name_of(obj) for obj in found if is_ready(obj)}

        try:
            until("all are ready", lambda: self._look(watch, ready), seconds, every=LOOK)
        except AssertionError as error:
            late = {name_of(obj): condition(obj, "Ready") for obj in self.api.list(PRIVATE_ASSISTANT, self.namespace) if not is_ready(obj)}
            last = {
                name: [f"{call.verb} {call.path} {call.name}" for call in self.proxy.calls if subject_of(call) == name][-8:]
                for name in late
            }
            raise AssertionError(f"{error}\n{json.dumps([late, last], indent=1)}") from None

    def remains(self) -> dict[str, Any]:
        """Return what each assistant has come to, without what differs between any two: what it has, what that says, and its status."""
        found: dict[str, Any] = {name_of(obj): {"status": [_status(obj)]} for obj in self._assistants()}
        for obj in self._children():
            name = name_of(obj)[:4]
            # A list: two whose names differ by a hash alone are two.
            of_name = found[name].setdefault(f"{obj['kind']} {_plain(name_of(obj), name)}", [])
            of_name.append(_plain(_said(obj), name, controller_uid(obj), self.namespace))
        return found

    def come_to(self, names: Iterable[str], wanted: Any, told: Callable[[str], Any] = str) -> None:
        """Wait until each of them has come to what is wanted: the last calls that failed are made again with a delay."""

        def different() -> dict[str, list[str]]:
            found = self.remains()
            return {name: differing(found[name], wanted) for name in names if found[name] != wanted}

        try:
            until("all have come to the same", lambda: not different(), SETTLED, every=LOOK)
        except AssertionError as error:
            raise AssertionError(
                f"{error}\n{json.dumps({f'{name} {told(name)}': what for name, what in different().items()}, indent=1)}"
            ) from None

    def wrong(self) -> list[str]:
        """Return what must not be, whatever has happened: objects and pods without an owner, and statuses that break a rule."""
        there, assistants = self._children(), self._assistants()
        owners = {uid_of(obj): name_of(obj) for obj in assistants}
        orphans = [f"{obj['kind']} {name_of(obj)}" for obj in there if owners.get(controller_uid(obj)) != name_of(obj)[:4]]
        children = {uid_of(obj) for obj in there}
        lost = [f"Pod {name_of(pod)}" for pod in self.api.list(POD, self.namespace) if controller_uid(pod) not in children]
        return [*orphans, *lost, *(f"{name_of(obj)}: {problem}" for obj in assistants for problem in lint(obj)), *self.lost_secrets()]

    def _children(self) -> list[Object]:
        return [obj for kind in CHILD_KINDS for obj in self.api.list(kind, self.namespace)]

    def _assistants(self) -> list[Object]:
        return self.api.list(PRIVATE_ASSISTANT, self.namespace)

    def lost_secrets(self) -> list[str]:
        """Return the Secrets that were made once and are others now, or gone, though what they open is still wanted."""
        now = {f"{SECRET.path(self.namespace)}/{name_of(obj)}": obj for obj in self.api.list(SECRET, self.namespace)}
        made = {path: objects for path, objects in self.proxy.made.items() if "/secrets/" in path and not path.endswith("-key-b")}
        return [
            path
            for path, objects in sorted(made.items())
            if len(objects) != 1 or path not in now or (uid_of(now[path]), now[path]["data"]) != (uid_of(objects[0]), objects[0]["data"])
        ]


def is_ready(obj: Object) -> bool:
    generation = obj["metadata"]["generation"]
    ready = condition(obj, "Ready")
    observed = (obj.get("status") or {}).get("observedGeneration")
    return ready.get("status") == "True" and observed == ready.get("observedGeneration") == generation


def differing(found: Any, wanted: Any) -> list[str]:
    """Return which objects differ, and both versions of these."""
    return [f"{key}: {found.get(key)} != {wanted.get(key)}" for key in sorted({*found, *wanted}) if found.get(key) != wanted.get(key)]


def _status(obj: Object) -> Any:
    status = {key: value for key, value in obj["status"].items() if key not in ("evidence",)}
    told = [{key: value for key, value in one.items() if key != "lastTransitionTime"} for one in status["conditions"]]
    return _plain({**status, "conditions": told}, name_of(obj), uid_of(obj), namespace_of(obj))


def _said(obj: Object) -> Any:
    said = content(obj)
    if obj["kind"] == SECRET.kind:
        said["data"] = sorted(said["data"])
    return said


_RANDOM = re.compile(
    r"-----BEGIN.*?-----END [A-Z ]+-----(\\+n)?"  # certificates
    r"|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"  # a Job's own uid, by which it selects its pods
    r"|\b[0-9a-f]{16,64}\b|\b[0-9a-f]{8}\b",  # hashes of intents, policies and what is pulled: names are in them
    re.DOTALL,
)


def _plain(value: Any, name: str, uid: str = "", namespace: str = "") -> Any:
    """Return the value without what is the assistant's own: its name, its uid, its namespace, and what is made of these or by chance."""
    text = json.dumps(value, sort_keys=True)
    for own in (uid, namespace, name):
        text = text.replace(own, "*") if own else text
    return json.loads(_RANDOM.sub("#", text))


def alive(running: Running) -> Callable[[], None]:
    return running.check
