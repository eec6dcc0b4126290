"""A registry that serves models: the two reads of the OCI distribution API, manifest and blob.

Any registry that speaks it will do (Ollama's, a plain Docker registry, Harbor, one behind object storage). Why not Ollama's own pull: see
docs/decisions/0001-own-registry-client.md.

Neighbours: transport.py (HTTP), auth.py (credentials), pull.py (retries, resumes, verifies).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NoReturn, Self

import httpx

from assistant_model.auth import UNAUTHORIZED, Authorizer, Credentials
from assistant_model.manifest import ACCEPTED, MAX_MANIFEST, Blob
from assistant_model.outcome import ModelError, Reason
from assistant_model.reference import Reference
from assistant_model.transport import Patience, TransientError, Transport

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,19})-[0-9]{1,19}/([0-9]{1,19}|\*)", re.ASCII)
_OK: Final = 200
_PARTIAL: Final = 206
_NO_SUCH_RANGE: Final = 416


@dataclass(frozen=True, slots=True)
class BlobStream:
    """A blob as it arrives."""

    offset: int
    """Where in the blob the first byte belongs: 0 where the registry does not resume."""
    chunks: Iterator[bytes]


class Registry:
    """The registry and repository that a reference names."""

    def __init__(
        self, reference: Reference, *, insecure: bool = False, credentials: Credentials | None = None, patience: Patience | None = None
    ) -> None:
        self._transport = Transport(insecure=insecure, patience=patience, host=reference.hostname)
        self._authorizer = Authorizer(self._transport, reference.repository, credentials)
        self._reference = reference
        self._base = f"{'http' if insecure else 'https'}://{reference.host}/v2/{reference.repository}"
        self._host = httpx.URL(self._base).host

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    @property
    def patience(self) -> Patience:
        """How long the registry may take."""
        return self._transport.patience

    def manifest(self) -> bytes:
        """Return the bytes of the tag's manifest."""
        with self._get(f"/manifests/{self._reference.tag}", {"Accept": ", ".join(ACCEPTED)}) as response:
            if response.status_code == 404:
                wanted = self._reference.canonical
                raise ModelError(Reason.MODEL_NOT_FOUND, f"The registry has no {wanted}: correct its name or tag, or put it there.")
            if response.status_code != _OK:
                _unexpected(response.status_code)
            return self._transport.read(response, MAX_MANIFEST)

    @contextmanager
    def blob(self, blob: Blob, offset: int) -> Iterator[BlobStream]:
        """Yield the blob's bytes from the offset, or from 0 where the registry cannot do that."""
        headers = {"Accept": "application/octet-stream, */*"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        with self._get(f"/blobs/{blob.digest}", headers) as response:
            chunks = self._transport.chunks(response)
            if response.status_code == _OK:
                yield BlobStream(0, chunks)
            elif response.status_code == _PARTIAL and offset:
                yield BlobStream(_range_start(response, blob, offset), chunks)
            elif response.status_code == _NO_SUCH_RANGE and offset:
                yield BlobStream(0, iter(()))
            elif response.status_code == 404 and response.url.host == self._host:
                raise ModelError(Reason.BLOB_CORRUPT, "The registry lacks a blob that the model's manifest lists.")
            elif response.url.host != self._host:
                # Links to object storage expire; the registry makes a new one.
                raise TransientError(f"the registry's blob storage answers {response.status_code}")
            else:
                _unexpected(response.status_code)

    @contextmanager
    def _get(self, path: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
        """Ask, and once more where the registry wants to know who asks (or a token has expired)."""
        url = httpx.URL(self._base + path)
        with self._transport.get(url, headers, self._authorizer.header) as response:
            if not self._refused(response):
                yield response
                return
            worth_it = response.status_code == 401 and self._authorizer.answer(response)
        if not worth_it:
            raise ModelError(Reason.UNAUTHORIZED, UNAUTHORIZED)
        with self._transport.get(url, headers, self._authorizer.header) as response:
            if self._refused(response):
                raise ModelError(Reason.UNAUTHORIZED, UNAUTHORIZED)
            yield response

    def _refused(self, response: httpx.Response) -> bool:
        """Whether the registry itself refuses; what its blob storage refuses is another matter."""
        return response.status_code in (401, 403) and response.url.host == self._host


def _range_start(response: httpx.Response, blob: Blob, offset: int) -> int:
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if match is None or int(match[1]) != offset:
        raise TransientError("the registry's answer holds other bytes than were asked for")
    if match[2] != "*" and int(match[2]) != blob.size:
        raise ModelError(Reason.BLOB_CORRUPT, "A blob of the registry has another size than its manifest says.")
    return offset


def _unexpected(status: int) -> NoReturn:
    raise ModelError(Reason.REGISTRY_UNREACHABLE, f"The registry answers {status}.")
