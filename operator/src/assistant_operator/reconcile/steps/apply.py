"""From the plan to the cluster: write what drifted, in the plan's order, and remove what left the plan.

An object that is not this assistant's is never written to and never removed, whatever its name is.
"""

import logging
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass

from assistant_operator import errors
from assistant_operator.kube.client import Client
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import SECRET
from assistant_operator.kube.objects import Object, annotation, controller_uid, is_being_deleted, is_true, metadata, uid_of
from assistant_operator.kube.ownership import is_recorded
from assistant_operator.naming import ANNOTATION_INTENT
from assistant_operator.reconcile.cluster.cache import Cache, Seen
from assistant_operator.reconcile.credentials.material import collision
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.steps.drift import difference
from assistant_operator.resources.manifest import Manifest, Policy, bound

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Applier:
    """Writes the objects of one assistant."""

    client: Client
    cache: Cache
    key: Key
    uid: str
    is_behind: bool = False
    """Somebody else wrote while we did: another pass is due."""

    async def apply(self, manifests: Sequence[Manifest]) -> list[Ref]:
        """Bring every object to its manifest, in order, and return what is in place."""
        wanted = [(manifest.to_dict(), manifest.policy) for manifest in manifests]
        known = [(seen, seen.obj) if (seen := self.cache.find(Ref.of(manifest))) is not None else None for manifest, _ in wanted]
        for found in known:
            if found is not None:
                self._refuse_others(found[1])  # before anything is written
        done: list[Ref] = []
        for (manifest, policy), found in zip(wanted, known, strict=True):
            if found is not None:
                await self._bring(manifest, policy, *found)
            elif (seen := await self._create(manifest)) is not None:
                await self._bring(manifest, policy, seen, seen.obj)
            done.append(Ref.of(manifest))
        return done

    async def _create(self, manifest: Object) -> Seen | None:
        """Make an object that the cache does not know; return what stands under its name already, if something does.

        A create fails where the name is taken, so nothing of others is taken over, not even what appeared in this instant.
        """
        ref = Ref.of(manifest)
        try:
            await self._write(ref, self.client.create(manifest))
        except errors.AlreadyExistsError:
            live = await self.client.get(ref.row, ref.namespace, ref.name)
            if live is None:
                raise
            self._refuse_others(live)
            self.cache.put(live)
            return self.cache.find(ref)
        return None

    def _refuse_others(self, obj: Object) -> None:
        if controller_uid(obj) != self.uid:
            raise collision(obj, self.key.name)

    async def _bring(self, manifest: Object, policy: Policy, seen: Seen, live: Object) -> None:
        if policy is Policy.REPLACE and not is_being_deleted(live):
            await self._replace(manifest, live)
        # What is being deleted as well: a finalizer may keep it for days, and until it is gone it says what holds.
        elif policy is Policy.APPLY and (why := drifted(manifest, live, is_foreign=seen.is_foreign)) is not None:
            log.info("Object drifted", extra={"assistant": str(self.key), "object": Ref.of(manifest).id, "field": why})
            await self._repair(manifest, seen)

    async def _replace(self, manifest: Object, live: Object) -> None:
        """Make an immutable object anew where it no longer says what the plan says, unless its work is done."""
        same = annotation(live, ANNOTATION_INTENT) == annotation(manifest, ANNOTATION_INTENT)
        if same or is_true(live, "Complete"):
            return
        await self.remove(live)

    async def remove(self, obj: Object) -> bool:
        ref = Ref.of(obj)
        return await self.client.delete(ref.row, ref.namespace, ref.name, uid=uid_of(obj))

    async def _repair(self, manifest: Object, seen: Seen) -> None:
        ref = Ref.of(manifest)
        if seen.is_foreign or seen.is_created_only:
            fresh = await self.client.get(ref.row, ref.namespace, ref.name)
            if fresh is None or uid_of(fresh) != seen.uid:
                raise errors.ConflictError("get", ref.kind, 409, "Replaced")
            if not is_recorded(metadata(fresh).get("managedFields") or ()):
                await self.client.disown(fresh)
                fresh = await self.client.apply(bound(manifest, seen.uid))
            await self.client.disown(fresh)
        await self._write(ref, self.client.apply(bound(manifest, seen.uid)))

    async def _write(self, ref: Ref, call: Awaitable[Object]) -> None:
        """Await a write of the object, remember the answer, and say of a refusal what it means."""
        answer: Object | None = None
        self.cache.expect(ref)
        try:
            answer = await call
        except errors.InvalidError as error:
            raise errors.TerminalError("ObjectRefused", f"The API server does not accept the {ref.kind}: {_causes(error)}") from error
        except errors.ForbiddenError as error:
            text = f"The API server refuses to {error.verb} the {ref.kind} ({error.reason}): a quota, an admission rule or missing rights."
            raise errors.WaitingError("Forbidden", text, after=60.0) from error
        finally:
            self.is_behind |= self.cache.answered(ref, answer)

    def own(self, ref: Ref) -> Object | None:
        """Return the object if it is there, as far as is known, and this assistant's."""
        seen = self.cache.find(ref)
        live = seen.obj if seen is not None else None
        return live if live is not None and controller_uid(live) == self.uid else None

    async def prune(self, previous: Iterable[Ref], keep: Iterable[Ref]) -> list[Ref]:
        """Remove what was made for the assistant and is planned no longer; return what is still there.

        Secrets first: when the keys are gone, what they open is gone before its volume is.
        """
        kept = set(keep)
        candidates = {ref for ref, _ in self.cache.children(self.key)} | set(previous)
        left: list[Ref] = []
        for ref in sorted(candidates - kept, key=lambda ref: (ref.row is not SECRET, ref)):
            live = await self._own_object(ref)
            if live is None:
                continue
            if not is_being_deleted(live):
                log.info("Object left the plan", extra={"assistant": str(self.key), "object": ref.id})
                if await self.remove(live) and ref.row is SECRET:
                    continue  # no watch will tell that it is gone, and that it was there must not be held against a new one
            left.append(ref)
        return left

    async def _own_object(self, ref: Ref) -> Object | None:
        """Return the object if it is there and this assistant's."""
        if ref.namespace != self.key.namespace:
            return None  # a hand-edited inventory cannot make the operator reach into other namespaces
        if ref.row is not SECRET:
            return self.own(ref)
        live = await self.client.get(SECRET, ref.namespace, ref.name)
        return live if live is not None and controller_uid(live) == self.uid else None


def ref_of(manifest: Manifest) -> Ref:
    return Ref.of({"apiVersion": manifest.api_version, "kind": manifest.kind, "metadata": dict(manifest.metadata)})


def drifted(manifest: Object, live: Object, *, is_foreign: bool) -> str | None:
    """Return what is not as planned, None where nothing is."""
    if annotation(live, ANNOTATION_INTENT) != annotation(manifest, ANNOTATION_INTENT):
        return "intent"
    if is_foreign:
        return "fields set by others"
    return difference(manifest, live)


def _causes(error: errors.InvalidError) -> str:
    if error.causes:
        return "; ".join(f"{cause.field}: {cause.message}" if cause.field else cause.message for cause in error.causes)
    return error.reason
