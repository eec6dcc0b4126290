"""What the rest of the operator may ask of the API server: a handful of verbs over plain JSON.

aio.py speaks them over HTTP; tests/support/fake_client.py keeps them in memory; one set of contract tests runs against both.
All failures are the types of errors.py.
"""

from collections.abc import Sequence
from typing import Protocol

from assistant_operator.kube.kinds import Kind
from assistant_operator.kube.objects import Object


class Client(Protocol):
    """The API server."""

    async def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """Return the object, None where there is none."""

    async def list(self, kind: Kind, namespace: str | None = None, *, labels: str = "") -> list[Object]:
        """Return the objects of one namespace, or of all where it is None, filtered by a label selector."""

    async def apply(self, manifest: Object, *, force: bool = True) -> Object:
        """Bring the object to the manifest by server-side apply and return it.

        A uid in the manifest is a precondition. Without force a field that another manager set differently is a ConflictError.
        """

    async def apply_status(self, manifest: Object) -> Object:
        """Bring the object's status, and nothing else of it, to the manifest's; a resourceVersion in it is a precondition."""

    async def create(self, manifest: Object) -> Object:
        """Make the object; AlreadyExistsError where there is one."""

    async def replace(self, manifest: Object) -> Object:
        """Put the object in place of the one with the manifest's resourceVersion; ConflictError where that is not the newest."""

    async def amend(self, kind: Kind, namespace: str, name: str, changes: Sequence[Object]) -> Object:
        """Change the object by a JSON patch (RFC 6902) and return it; InvalidError where a change cannot be made, or a test in it fails."""

    async def disown(self, obj: Object) -> Object:
        """Take over the fields that others set by hand, so that the next apply removes those which the intent does not have.

        The intent's hash is taken off the object in the same write: should that apply never come, the object is not taken for right.
        """

    async def delete(self, kind: Kind, namespace: str, name: str, *, uid: str, version: str | None = None) -> bool:
        """Delete the object if it still has the uid (and the resourceVersion); False where it is gone or another one."""
