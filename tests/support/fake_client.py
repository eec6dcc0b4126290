"""The API server in memory, as far as the operator's client protocol goes: versions, generations, ownership, preconditions, faults.

Server-side apply is emulated for maps; lists are one value each. tests/integration/test_client_contract.py runs the same tests against
this and against a real API server, so what this promises is what the server does.
"""

import copy
import json
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from assistant_operator import errors
from assistant_operator.kube.kinds import Kind, kind_of
from assistant_operator.kube.objects import Object, label, metadata, name_of, namespace_of, uid_of
from assistant_operator.kube.ownership import taken_over
from assistant_operator.naming import ANNOTATION_INTENT, FIELD_MANAGER

Path = tuple[str, ...]
Place = tuple[str, str, str, str]
OURS = (FIELD_MANAGER, "Apply", "")


class FakeClient:
    """kube.client.Client in memory."""

    def __init__(self) -> None:
        self.objects: dict[Place, Object] = {}
        self.owned: dict[Place, dict[tuple[str, str, str], set[Path]]] = {}
        self.calls: Counter[str] = Counter()
        self.writes: list[str] = []
        self.faults: list[Callable[[str, str, str], errors.ApiError | None]] = []
        """Each is asked before a call with verb, kind and name, and may give an error to raise."""
        self.on_change: Callable[[Object, bool], None] = lambda _obj, _gone: None
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.allocates = True
        """Services get their addresses."""
        self._version = 100
        self._addresses = 0

    # What the operator may ask for.

    async def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        self._called("get", kind, name)
        found = self.objects.get(_place(kind, namespace, name))
        return self._shown(found) if found is not None else None

    async def list(self, kind: Kind, namespace: str | None = None, *, labels: str = "") -> list[Object]:
        self._called("list", kind, "")
        key, _, value = labels.partition("=")
        return [
            self._shown(obj)
            for place, obj in self.objects.items()
            if place[:2] == (kind.group, kind.kind)
            and namespace in (None, namespace_of(obj))
            and (not key or (label(obj, key) and value in ("", label(obj, key))))
        ]

    async def apply(self, manifest: Object, *, force: bool = True) -> Object:
        kind = kind_of(manifest)
        self._called("patch", kind, name_of(manifest))
        return self._apply(manifest, force=force)

    async def apply_status(self, manifest: Object) -> Object:
        kind = kind_of(manifest)
        self._called("patch", kind, name_of(manifest), subresource="status")
        live = self.objects.get(_place_of(manifest))
        if live is None:
            raise errors.GoneError("patch", kind.kind, 404, "NotFound")
        self._precondition({**manifest, "metadata": {**metadata(manifest), "uid": None}}, live)  # as the server, which ignores it
        owned = {who: paths for who, paths in self.owned[_place_of(manifest)].items() if who[2] != "status"}
        owned[FIELD_MANAGER, "Apply", "status"] = {("status",)}
        return self._store({**live, "status": copy.deepcopy(manifest.get("status") or {})}, live, owned)

    async def create(self, manifest: Object) -> Object:
        kind = kind_of(manifest)
        self._called("create", kind, name_of(manifest))
        if _place_of(manifest) in self.objects:
            raise errors.AlreadyExistsError("create", kind.kind, 409, "AlreadyExists")
        return self._store(copy.deepcopy(manifest), None, {(FIELD_MANAGER, "Update", ""): _leaves(manifest)})

    async def replace(self, manifest: Object) -> Object:
        kind = kind_of(manifest)
        self._called("update", kind, name_of(manifest))
        live = self.objects.get(_place_of(manifest))
        if live is None:
            raise errors.GoneError("update", kind.kind, 404, "NotFound")
        if metadata(manifest).get("resourceVersion") not in (None, metadata(live)["resourceVersion"]):
            raise errors.ConflictError("update", kind.kind, 409, "Conflict")
        kept = {key: metadata(live)[key] for key in ("uid", "creationTimestamp", "generation")}
        return self._store({**copy.deepcopy(manifest), "metadata": {**metadata(manifest), **kept}}, live)

    async def amend(self, kind: Kind, namespace: str, name: str, changes: Sequence[Object]) -> Object:
        self._called("patch", kind, name)
        live = self.objects.get(_place(kind, namespace, name))
        if live is None:
            raise errors.GoneError("patch", kind.kind, 404, "NotFound")
        changed = copy.deepcopy(live)
        try:
            for change in changes:
                _change(changed, change)
        except (KeyError, AssertionError):
            raise errors.InvalidError("patch", kind.kind, 422, "Invalid") from None
        return self._store(changed, live)

    async def disown(self, obj: Object) -> Object:
        kind = kind_of(obj)
        self._called("patch", kind, name_of(obj))
        live = self.objects.get(_place_of(obj))
        if live is None:
            raise errors.GoneError("patch", kind.kind, 404, "NotFound")
        if metadata(live)["resourceVersion"] != metadata(obj)["resourceVersion"]:
            raise errors.ConflictError("patch", kind.kind, 409, "Conflict")
        managed = taken_over(metadata(obj).get("managedFields") or ())
        self.owned[_place_of(obj)] = {
            (entry["manager"], entry["operation"], entry.get("subresource", "")): _paths(entry["fieldsV1"]) for entry in managed if entry
        }
        without = copy.deepcopy(live)
        (metadata(without).get("annotations") or {}).pop(ANNOTATION_INTENT, None)
        for paths in self.owned[_place_of(obj)].values():
            paths.discard(("metadata", "annotations", ANNOTATION_INTENT))
        return self._store(without, live, keep=True)

    async def delete(self, kind: Kind, namespace: str, name: str, *, uid: str, version: str | None = None) -> bool:
        self._called("delete", kind, name)
        live = self.objects.get(_place(kind, namespace, name))
        if live is None or uid_of(live) != uid or version not in (None, metadata(live)["resourceVersion"]):
            return False
        self.remove(kind, namespace, name)
        return True

    # What a test may do.

    def put(self, obj: Object) -> Object:
        """Put an object there as somebody else."""
        return self._store(copy.deepcopy(obj), self.objects.get(_place_of(obj)), {("kubectl", "Update", ""): _leaves(obj)})

    def edit(self, kind: Kind, namespace: str, name: str, change: Callable[[Object], None]) -> Object:
        """Change an object by hand."""
        live = self.objects[_place(kind, namespace, name)]
        changed = copy.deepcopy(live)
        change(changed)
        before, after = _values(live), _values(changed)
        touched = {path for path, value in after.items() if before.get(path) != value and path[0] != "status"}
        owned = {who: paths - touched - (before.keys() - after.keys()) for who, paths in self.owned[_place_of(live)].items()}
        owned[("kubectl-edit", "Update", "")] = owned.get(("kubectl-edit", "Update", ""), set()) | touched
        if live.get("status") != changed.get("status"):
            owned["kubectl-edit", "Update", "status"] = {("status",)}
        return self._store(changed, live, owned)

    def wipe(self, kind: Kind, namespace: str, name: str) -> None:
        """Take the record of owners away by hand."""
        place = _place(kind, namespace, name)
        self._store(self.objects[place], self.objects[place], {}, keep=True)

    def set_status(self, kind: Kind, namespace: str, name: str, status: Object) -> Object:
        """Write status as a controller, a kubelet or a hand does."""
        place = _place(kind, namespace, name)
        live = self.objects[place]
        owned = self.owned[place] | {("hand", "Update", "status"): {("status",)}}
        return self._store({**live, "status": copy.deepcopy(status)}, live, owned)

    def remove(self, kind: Kind, namespace: str, name: str) -> None:
        live = self.objects.pop(_place(kind, namespace, name))
        self._version += 1
        self.on_change({**live, "metadata": {**metadata(live), "resourceVersion": str(self._version)}}, True)

    def find(self, kind: Kind, namespace: str, name: str) -> Object | None:
        return self.objects.get(_place(kind, namespace, name))

    # How it is done.

    def _called(self, verb: str, kind: Kind, name: str, subresource: str | None = None) -> None:
        if verb not in (kind.status_verbs if subresource else kind.verbs):
            raise errors.ForbiddenError(verb, kind.kind, 403, "NotInTable")
        self.calls[f"{verb} {kind.kind}"] += 1
        for fault in self.faults:
            if (error := fault(verb, kind.kind, name)) is not None:
                raise error
        if verb not in ("get", "list"):
            self.writes.append(f"{verb} {kind.kind}{'/' + subresource if subresource else ''} {name}")

    def _apply(self, manifest: Object, *, force: bool) -> Object:
        place = _place_of(manifest)
        live = self.objects.get(place)
        self._precondition(manifest, live)
        wanted = _values(manifest)
        if live is None:
            return self._store(copy.deepcopy(manifest), None, {OURS: _leaves(manifest)})
        # As the server, which takes all that is there for somebody's where nothing was recorded.
        owned = {who: set(paths) for who, paths in self.owned[place].items()} or {("before-first-apply", "Update", ""): _leaves(live)}
        have = _values(live)
        clashes = [path for path, value in wanted.items() if have.get(path, value) != value]
        others = {path for who, paths in owned.items() if who != OURS for path in paths}
        if not force and (clash := next((path for path in clashes if path in others), None)):
            raise errors.ConflictError("patch", str(manifest["kind"]), 409, "Conflict", f"field manager conflict: {'.'.join(clash)}")
        result = copy.deepcopy(live)
        for path in owned.get(OURS, set()) - wanted.keys() - others:
            _drop(result, path)
        for path, value in wanted.items():
            _set(result, path, copy.deepcopy(value))
        for who in owned:
            if who != OURS:
                owned[who] -= set(clashes)
        owned[OURS] = set(wanted)
        return self._store(result, live, owned)

    def _precondition(self, manifest: Object, live: Object | None) -> None:
        uid = metadata(manifest).get("uid")
        if uid is not None and (live is None or uid_of(live) != uid):
            raise errors.ConflictError("patch", str(manifest["kind"]), 409, "Conflict", "uid mismatch")
        version = metadata(manifest).get("resourceVersion")
        if version is not None and (live is None or metadata(live)["resourceVersion"] != version):
            raise errors.ConflictError("patch", str(manifest["kind"]), 409, "Conflict", "the object has been modified")

    def _store(
        self, obj: Object, live: Object | None, owned: dict[tuple[str, str, str], set[Path]] | None = None, *, keep: bool = False
    ) -> Object:
        place = _place_of(obj)
        if owned is not None:
            self.owned[place] = {who: paths for who, paths in owned.items() if paths}
        meta = {key: value for key, value in metadata(obj).items() if key != "managedFields"}
        if live is None:
            obj = self._addressed(obj)
            now = self.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
            meta |= {"uid": str(uuid.uuid4()), "creationTimestamp": now, "generation": 1}
            self.owned.setdefault(place, {})
        elif live.get("spec") != obj.get("spec"):
            meta["generation"] = int(metadata(live).get("generation", 1)) + 1
        stored = {**obj, "metadata": {**meta, "resourceVersion": metadata(live)["resourceVersion"] if live else "0"}}
        if live is None or stored != live or keep:
            self._version += 1
            stored["metadata"]["resourceVersion"] = str(self._version)
            self.objects[place] = stored
            self.on_change(self._shown(stored), False)
        return self._shown(stored)

    def _addressed(self, obj: Object) -> Object:
        """Give a new Service its address, unless it wants none."""
        spec = obj.get("spec") or {}
        if obj["kind"] != "Service" or spec.get("clusterIP") == "None" or not self.allocates:
            return obj
        self._addresses += 1
        address = f"10.96.0.{self._addresses}"
        return {**obj, "spec": {**spec, "clusterIP": address, "clusterIPs": [address]}}

    def _shown(self, obj: Object) -> Object:
        shown = copy.deepcopy(obj)
        shown["metadata"]["managedFields"] = [
            {"manager": who[0], "operation": who[1], "apiVersion": obj["apiVersion"], "fieldsType": "FieldsV1", "fieldsV1": _fields(paths)}
            | ({"subresource": who[2]} if who[2] else {})
            for who, paths in self.owned.get(_place_of(obj), {}).items()
        ]
        return shown


_IDENTITY = frozenset({("apiVersion",), ("kind",)})
_META = frozenset({"name", "namespace", "uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"})


def _place(kind: Kind, namespace: str, name: str) -> Place:
    return (kind.group, kind.kind, namespace, name)


def _place_of(obj: Object) -> Place:
    return _place(kind_of(obj), namespace_of(obj), name_of(obj))


def _values(obj: Any, path: Path = ()) -> dict[Path, Any]:
    """Return every value below maps; lists and empty maps are values."""
    if not isinstance(obj, dict) or (not obj and path):
        return {path: obj}
    found: dict[Path, Any] = {}
    for key, value in obj.items():
        below = (*path, str(key))
        if below in _IDENTITY or (path == ("metadata",) and key in _META):
            continue
        found |= _values(value, below)
    return found


def _leaves(obj: Object) -> set[Path]:
    return {path for path in _values(obj) if path[0] != "status"}


def _set(obj: Object, path: Path, value: Any) -> None:
    for key in path[:-1]:
        inner = obj.get(key)
        obj[key] = inner if isinstance(inner, dict) else {}
        obj = obj[key]
    obj[path[-1]] = value


def _drop(obj: Object, path: Path) -> None:
    for key in path[:-1]:
        obj = obj.get(key) or {}
    obj.pop(path[-1], None)


def _fields(paths: set[Path]) -> Object:
    tree: Object = {}
    for path in sorted(paths):
        below = tree
        for key in path:
            below = below.setdefault(f"f:{key}", {})
    return tree


def _paths(fields: Object, path: Path = ()) -> set[Path]:
    if not fields and path:
        return {path}
    return {found for key, value in fields.items() if key != "." for found in _paths(value, (*path, key.removeprefix("f:")))}


def text_of(client: FakeClient) -> str:
    """Return everything that is stored, to search it for what must not be there."""
    return json.dumps(list(client.objects.values()))


def _change(obj: Object, change: Object) -> None:
    """Make one change of a JSON patch to maps; KeyError where it has no place, AssertionError where a test fails."""
    *above, last = (part.replace("~1", "/") for part in change["path"].split("/")[1:])
    for part in above:
        obj = obj[part]
    if change["op"] == "test":
        assert obj[last] == change["value"]
    elif change["op"] == "remove":
        del obj[last]
    else:
        obj[last] = copy.deepcopy(change["value"])
