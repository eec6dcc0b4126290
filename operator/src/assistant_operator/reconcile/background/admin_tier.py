"""Keeps the installation's policies of the whole cluster as they should be: resources/admin_policy.py says how.

Once for all assistants, and in the newest kind that the API server serves. What stands under their names and is not ours is left alone,
and so is a kind that the operator may not write: then there is no more than NetworkPolicies, which status.policyDialects shows.
"""

import logging
from collections.abc import Callable, Mapping, Sequence

from assistant_operator import errors
from assistant_operator.kube.client import Client
from assistant_operator.kube.kinds import ADMIN_POLICY, CLUSTER_POLICY, DEFINITION, Kind
from assistant_operator.kube.objects import Object, label, metadata, name_of, uid_of
from assistant_operator.kube.ownership import has_foreign_fields, is_created_only
from assistant_operator.naming import FIELD_MANAGER
from assistant_operator.reconcile.steps.apply import drifted
from assistant_operator.resources.admin_policy import admin_policies
from assistant_operator.resources.manifest import Manifest

log = logging.getLogger(__name__)

PREFERRED: Sequence[Kind] = (CLUSTER_POLICY, ADMIN_POLICY)
_MANAGED_BY = "app.kubernetes.io/managed-by"


class AdminTier:
    """The policies of one installation."""

    def __init__(
        self, client: Client, operator_namespace: str, namespaces: Sequence[str], may_write: Callable[[], bool] = lambda: True
    ) -> None:
        """No namespaces means that all are watched. Where it may not write, another replica does."""
        self._client = client
        self._operator_namespace = operator_namespace
        self._namespaces = namespaces
        self._may_write = may_write
        self._definition_uid: str | None = None
        self._told: set[str] = set()

    async def keep(self, listed: Mapping[str, Sequence[Object]]) -> str | None:
        """Bring the policies about, given what there is of each kind that can be read; return the kind in which they stand.

        What the API server refuses, or does not answer, is said in the log, once, and tried again at the next look.
        """
        if not self._may_write():
            return next((kind.kind for kind in PREFERRED if kind.kind in listed and self._stands(kind, listed[kind.kind])), None)
        chosen: str | None = None
        for kind in PREFERRED:
            if kind.kind not in listed:
                continue
            try:
                if chosen is not None:
                    await self._remove(kind, listed[kind.kind])
                elif await self._bring(kind, listed[kind.kind]):
                    chosen = kind.kind
            except errors.ApiError as refusal:
                self._tell(str(refusal))
        return chosen

    async def _owner(self) -> str:
        """Return the uid of our CRD, empty where it may not be read: then the policies stay when everything else is gone."""
        if self._definition_uid is None:
            try:
                found = await self._client.get(DEFINITION, "", DEFINITION.only[0])
            except errors.ForbiddenError as refusal:
                self._tell(str(refusal))
                return ""
            if found is None:
                return ""  # as it is being replaced
            self._definition_uid = uid_of(found)
        return self._definition_uid

    async def _bring(self, kind: Kind, there: Sequence[Object]) -> bool:
        """Write what is not as it should be; tell whether all of it stands."""
        live = {name_of(obj): obj for obj in there}
        if any(manifest.name not in live for manifest in self._wanted(kind, "")):
            self._definition_uid = None  # what is gone may have gone with its owner, and would go again with the one that is known
        stands = True
        for manifest in self._wanted(kind, await self._owner()):
            obj = live.get(manifest.name)
            if obj is not None and not _is_ours(obj):
                self._tell(f"{manifest.kind} {manifest.name} is somebody else's")
                stands = False
            elif obj is None:
                await self._client.create(manifest.to_dict())
            else:
                await self._mend(manifest.to_dict(), obj)
        return stands

    def _stands(self, kind: Kind, there: Sequence[Object]) -> bool:
        """Tell whether all of it is there."""
        ours = {name_of(obj) for obj in there if _is_ours(obj)}
        return all(manifest.name in ours for manifest in self._wanted(kind, ""))

    async def _mend(self, wanted: Object, live: Object) -> None:
        """Write what drifted. As in apply.py: fields that others added, or that we created, would outlive the intent."""
        managed = metadata(live).get("managedFields") or ()
        is_foreign = has_foreign_fields(managed)
        if drifted(wanted, live, is_foreign=is_foreign) is None:
            return
        if is_foreign or is_created_only(managed):
            await self._client.disown(live)
        await self._client.apply(wanted)

    async def _remove(self, kind: Kind, there: Sequence[Object]) -> None:
        """Remove our policies in a kind that a newer one has replaced."""
        names = {manifest.name for manifest in self._wanted(kind, "")}
        for obj in there:
            if name_of(obj) in names and _is_ours(obj):
                await self._client.delete(kind, "", name_of(obj), uid=uid_of(obj))

    def _wanted(self, kind: Kind, definition_uid: str) -> tuple[Manifest, ...]:
        return admin_policies(kind.api_version, kind.kind, self._operator_namespace, self._namespaces, definition_uid)

    def _tell(self, reason: str) -> None:
        if reason not in self._told:
            self._told.add(reason)
            log.warning("Policies of the whole cluster are not kept as they should be", extra={"reason": reason})


def _is_ours(obj: Object) -> bool:
    return label(obj, _MANAGED_BY) == FIELD_MANAGER
