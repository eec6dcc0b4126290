"""Makes room on a volume that holds models nobody serves any more.

A volume of the operator's own gathers every model that its assistant was ever given. They cost nothing while there is room, and a change
back to one of them needs no download; when a pull is short of room they go. What stays: the model that is pulled, and the one whose
manifest is the newest, for a complete pull is what the assistant's pods serve until the next one is complete.

Neighbours: pull.py (calls this), store.py (what lies where).
"""

import logging

from assistant_model.manifest import Manifest
from assistant_model.outcome import ModelError
from assistant_model.store import Store, blob_path

_log = logging.getLogger(__name__)


def make_room(store: Store, wanted: Manifest) -> bool:
    """Remove what no model that stays needs; says whether anything went. Only under the store's lock."""
    manifests = store.manifests()
    if not manifests:
        return _sweep_blobs(store, [wanted])
    newest = max(manifests, key=lambda path: manifests[path][0])
    try:
        staying = [wanted, Manifest.parse(manifests[newest][1])]
    except ModelError:
        return False  # what is served cannot be told from what is not: nothing is removed
    for path in manifests:
        if path != newest:
            store.volume.remove(path)
            _log.info("removed a model that is served no longer", extra={"manifest": path})
    return _sweep_blobs(store, staying) or len(manifests) > 1


def _sweep_blobs(store: Store, staying: list[Manifest]) -> bool:
    needed = {blob_path(blob) for manifest in staying for blob in manifest.blobs}
    unneeded = [path for name in store.volume.names("blobs") if (path := f"blobs/{name}") not in needed]
    for path in unneeded:
        store.volume.remove(path)
    needed_partial = {path.replace("blobs/", "partial/") for path in needed}
    store.sweep(needed_partial)
    return bool(unneeded)
