"""The API server over HTTP: kubernetes.aio's connection and credentials, plain JSON in and out.

Neither typed models nor the dynamic client: both cost more than the request itself, and the table in kinds.py knows the paths. Every
call has a time-out, is counted, is checked against the table's verbs, and fails with a type of errors.py.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import orjson
from kubernetes.aio.client.api_client import ApiClient

from assistant_operator import errors
from assistant_operator.kube.connection import UNCOMPRESSED
from assistant_operator.kube.kinds import Kind, kind_of
from assistant_operator.kube.listings import Listings
from assistant_operator.kube.objects import Object, metadata, name_of, namespace_of
from assistant_operator.kube.ownership import taken_over
from assistant_operator.naming import ANNOTATION_INTENT, FIELD_MANAGER

Meter = Callable[[str, str, int, float], None]
"""Called with verb, kind, HTTP status (0 where there was no answer) and seconds."""

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
PAGE = 200
API_VERSIONS = "APIVersions"
API_GROUP = "APIGroup"
API_RESOURCES = "APIResourceList"
"""What /api and /apis/... answer: no kinds of the table, since there is nothing to grant."""


def no_meter(_verb: str, _kind: str, _status: int, _seconds: float) -> None:
    """Count nothing."""


class HttpClient:
    """kube.client.Client over HTTP."""

    def __init__(
        self,
        configuration: Any,
        *,
        meter: Meter = no_meter,
        may_write: Callable[[str], None] = lambda _namespace: None,
        timeout: float = 20.0,
    ) -> None:
        """May_write is asked before each write, with the object's namespace, empty for none, and raises LeaseLostError where this replica
        may not; the time-out is for one call."""
        self._api = ApiClient(configuration)
        self._configuration = configuration
        self._host = str(configuration.host).rstrip("/")
        self._meter = meter
        self._may_write = may_write
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=10)
        self.listings = Listings()

    async def close(self) -> None:
        await self._api.close()

    async def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        try:
            return await self._call("get", kind, "GET", kind.path(namespace, quote(name, safe="")))
        except errors.GoneError:
            return None

    async def list(self, kind: Kind, namespace: str | None = None, *, labels: str = "") -> list[Object]:
        return [obj async for page in self.pages(kind, namespace, labels=labels) for obj in page]

    async def pages(
        self, kind: Kind, namespace: str | None = None, *, labels: str = "", wanted: Callable[[str], bool] = lambda _namespace: True
    ) -> AsyncIterator[Sequence[Object]]:
        """Yield what list() returns, of the namespaces that are wanted, in parts: ten thousand objects at once are a hundred megabytes."""
        query = {"limit": str(PAGE)} | ({"labelSelector": labels} if labels else {})
        path, version = kind.path(namespace), ""
        while True:
            page = await self._call("list", kind, "GET", path, query)
            version = version or str(metadata(page).get("resourceVersion") or "")
            # Items of a typed list come without these two.
            items = (item for item in page.get("items") or () if wanted(namespace_of(item)))
            yield [{"apiVersion": kind.api_version, "kind": kind.kind, **item} for item in items]
            if not (following := metadata(page).get("continue")):
                self.listings.note(path, labels, version)
                return
            query["continue"] = following

    async def some(self, kind: Kind, most: int, namespace: str | None = None) -> tuple[Object, ...]:
        """Return the first objects of a listing, the cluster's or a namespace's, at most so many: for what a few are as good as all."""
        page = await self._call("list", kind, "GET", kind.path(namespace), {"limit": str(most)})
        return tuple(page.get("items") or ())

    async def apply(self, manifest: Object, *, force: bool = True) -> Object:
        kind = kind_of(manifest)
        query = {"fieldManager": FIELD_MANAGER} | ({"force": "true"} if force else {})
        return await self._write("patch", kind, namespace_of(manifest), "PATCH", _path(kind, manifest), query, manifest, APPLY)

    async def apply_status(self, manifest: Object) -> Object:
        kind = kind_of(manifest)
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        path = kind.path(namespace_of(manifest), name_of(manifest), "status")
        return await self._write("patch", kind, namespace_of(manifest), "PATCH", path, query, manifest, APPLY, subresource="status")

    async def create(self, manifest: Object) -> Object:
        kind, namespace = kind_of(manifest), namespace_of(manifest)
        return await self._write("create", kind, namespace, "POST", kind.path(namespace), {"fieldManager": FIELD_MANAGER}, manifest)

    async def replace(self, manifest: Object) -> Object:
        kind, query = kind_of(manifest), {"fieldManager": FIELD_MANAGER}
        return await self._write("update", kind, namespace_of(manifest), "PUT", _path(kind, manifest), query, manifest)

    async def amend(self, kind: Kind, namespace: str, name: str, changes: Sequence[Object]) -> Object:
        query = {"fieldManager": FIELD_MANAGER}
        return await self._write("patch", kind, namespace, "PATCH", kind.path(namespace, name), query, [*changes], JSON_PATCH)

    async def disown(self, obj: Object) -> Object:
        kind = kind_of(obj)
        identity = {key: metadata(obj)[key] for key in ("name", "namespace", "uid", "resourceVersion") if key in metadata(obj)}
        managed = taken_over(metadata(obj).get("managedFields") or ())
        # Without its intent the object counts as drifted, whoever looks: this write may be the last that this process makes.
        patch = {"metadata": identity | {"managedFields": managed, "annotations": {ANNOTATION_INTENT: None}}}
        query = {"fieldManager": FIELD_MANAGER}
        return await self._write("patch", kind, namespace_of(obj), "PATCH", _path(kind, obj), query, patch, MERGE)

    async def delete(self, kind: Kind, namespace: str, name: str, *, uid: str, version: str | None = None) -> bool:
        preconditions = {"uid": uid} | ({"resourceVersion": version} if version else {})
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions, "propagationPolicy": "Background"}
        try:
            await self._write("delete", kind, namespace, "DELETE", kind.path(namespace, name), {}, options)
        except errors.GoneError:
            return False
        except errors.ConflictError:
            return False  # the name is another object's by now
        return True

    async def server_addresses(self) -> tuple[str, ...]:
        """Return where the API server says it is, as `address:port` (meta/v1 APIVersions of /api, which every client may read)."""
        answer = await self._request("get", API_VERSIONS, "GET", "/api")
        told = answer.get("serverAddressByClientCIDRs") or ()
        return tuple(str(one.get("serverAddress", "")) for one in told if isinstance(one, dict))

    async def served(self, group: str) -> dict[str, frozenset[str]]:
        """Return the versions in which the API server serves each resource (plural) of a group; nothing where it does not know the group.

        Discovery, which every client may read: unlike a listing it tells what is absent from what one may not see.
        """
        try:
            answer = await self._request("get", API_GROUP, "GET", f"/apis/{group}")
        except errors.GoneError:
            return {}
        found: dict[str, set[str]] = {}
        for version in (str(one["version"]) for one in answer.get("versions") or ()):
            try:
                listed = await self._request("get", API_RESOURCES, "GET", f"/apis/{group}/{version}")
            except errors.GoneError:
                continue  # taken away in between
            for resource in listed.get("resources") or ():
                found.setdefault(str(resource["name"]), set()).add(version)
        return {plural: frozenset(versions) for plural, versions in found.items()}

    async def _write(
        self,
        verb: str,
        kind: Kind,
        namespace: str,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Object | Sequence[Object],
        content_type: str = "application/json",
        subresource: str | None = None,
    ) -> Object:
        self._may_write(namespace)
        return await self._call(verb, kind, method, path, query, body, content_type, subresource)

    async def _call(
        self,
        verb: str,
        kind: Kind,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Object | Sequence[Object] | None = None,
        content_type: str = "application/json",
        subresource: str | None = None,
    ) -> Object:
        if verb not in (kind.status_verbs if subresource else kind.verbs):
            raise errors.ForbiddenError(verb, kind.kind, 403, "NotInTable", "kube/kinds.py does not list the verb for this kind.")
        return await self._request(verb, kind.kind, method, path, query, body, content_type)

    async def _request(
        self,
        verb: str,
        kind: str,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Object | Sequence[Object] | None = None,
        content_type: str = "application/json",
    ) -> Object:
        url = self._host + path + ("?" + urlencode(query) if query else "")
        headers = {"Accept": "application/json", "Content-Type": content_type, "User-Agent": FIELD_MANAGER} | UNCOMPRESSED
        started = time.monotonic()
        status = 0
        try:
            await self._api.update_params_for_auth(headers, [], ["BearerToken"], path, method, None)
            answer = await self._api.rest_client.request(method, url, headers=headers, body=body, _request_timeout=self._timeout)
            data = await answer.read()
            status = int(answer.status)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise errors.UnavailableError(verb, kind, 0, type(error).__name__, "The API server did not answer.") from error
        finally:
            self._meter(verb, kind, status, time.monotonic() - started)
        found = _parsed(data)
        if not 200 <= status < 300:
            raise api_error(verb, kind, status, answer.headers.get("Retry-After"), found or {})
        if found is None:  # to be taken for an empty listing it must not
            raise errors.UnavailableError(verb, kind, status, "Unreadable", "The answer is no JSON object: it is not the API server's.")
        return found


def _path(kind: Kind, obj: Object) -> str:
    return kind.path(namespace_of(obj), name_of(obj))


def _parsed(data: bytes) -> Object | None:
    """Return the answer's JSON object, None where it is anything else; proxies in front of an API server answer with pages of their own."""
    try:
        found = orjson.loads(data)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def api_error(verb: str, kind: str, status: int, retry_after: str | None, answer: Object) -> errors.ApiError:
    """Return the error for an answer that is no success (metav1.Status, or nothing that can be read)."""
    details = answer.get("details") or {}
    reason = str(answer.get("reason") or "Unknown")
    causes = tuple(errors.Cause(str(cause.get("field", "")), str(cause.get("message", ""))) for cause in details.get("causes") or ())
    seconds = retry_after or str(details.get("retryAfterSeconds") or "")
    delay = float(seconds) if seconds.isdecimal() else None
    kinds: dict[int, type[errors.ApiError]] = {
        400: errors.InvalidError,
        401: errors.ForbiddenError,
        403: errors.ForbiddenError,
        404: errors.GoneError,
        409: errors.AlreadyExistsError if reason == "AlreadyExists" else errors.ConflictError,
        422: errors.InvalidError,
        429: errors.ThrottledError,
    }
    if any(cause.field == "metadata.uid" for cause in causes):
        # A uid that is not the live object's is "immutable", which is to say: another object has the name.
        return errors.ConflictError(verb, kind, status, reason, str(answer.get("message", "")), causes, delay)
    return kinds.get(status, errors.UnavailableError)(verb, kind, status, reason, str(answer.get("message", "")), causes, delay)
