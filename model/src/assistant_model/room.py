"""Makes room on a volume that holds models nobody serves any more.

A volume of the operator's own gathers every model that its assistant was ever given. They cost nothing while there is room, and a change
back to one of them needs no download; when a pull is short of room they go. What stays: the model that is pulled, what the same pull has
brought already, and what the last complete pull brought, which is what the assistant's pods serve until the next one is complete. Where
that was not noted, it is the model whose manifest is the newest.

Neighbours: pull.py (calls this), store.py (what lies where).
"""

import logging
from collections.abc import Collection, Mapping

from assistant_model.manifest import Manifest
from assistant_model.outcome import ModelError
from assistant_model.reference import Reference
from assistant_model.store import Store, blob_path

_log = logging.getLogger(__name__)


def make_room(store: Store, wanted: Manifest, beside: Collection[Reference] = ()) -> bool:
    """Remove what no model that stays needs; says whether anything went. Only under the store's lock."""
    manifests = store.manifests()
    kept = _kept(store, manifests, beside)
    try:
        staying = [wanted, *(Manifest.parse(manifests[path][1]) for path in kept)]
    except ModelError:
        return False  # what is served cannot be told from what is not: nothing is removed
    unneeded = manifests.keys() - kept
    for path in unneeded:
        store.volume.remove(path)
        _log.info("removed a model that is served no longer", extra={"manifest": path})
    return _sweep_blobs(store, staying) or bool(unneeded)


def _kept(store: Store, manifests: Mapping[str, tuple[float, bytes]], beside: Collection[Reference]) -> frozenset[str]:
    brought = {reference.manifest_path for reference in beside}
    served = store.read_complete() & manifests.keys()
    others = manifests.keys() - brought
    if not served and others:
        served = frozenset({max(others, key=lambda path: manifests[path][0])})
    return served | (brought & manifests.keys())


def _sweep_blobs(store: Store, staying: list[Manifest]) -> bool:
    needed = {blob_path(blob) for manifest in staying for blob in manifest.blobs}
    unneeded = [path for name in store.volume.names("blobs") if (path := f"blobs/{name}") not in needed]
    for path in unneeded:
        store.volume.remove(path)
    needed_partial = {path.replace("blobs/", "partial/") for path in needed}
    store.sweep(needed_partial)
    return bool(unneeded)
